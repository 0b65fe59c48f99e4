// Ciclo's import routes, and the artifacts proxy for files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "portability/rest_client.hpp"
#include "portability/sink.hpp"
#include "portability/webhook_sink.hpp"

namespace ciclo::portability {
namespace {

// Of items with parts; a single part may be larger.
constexpr std::size_t bytes_per_call = std::size_t{8} << 20U;
constexpr std::size_t parts_per_call = 1000;
constexpr std::size_t max_part_bytes = std::size_t{56} << 20U;  // with the rest of its item, as much as a call takes

// Items of one route that have a list of parts, each of which may be large.
struct Parted {
  std::string route;  // and the name of the items in it
  std::string list;
  std::string_view noun;  // of a part
  std::string_view id;    // where an item has its own
};

std::string text_at(const Json& item, std::string_view pointer) {
  const Json& found = at_pointer(item, pointer);
  return found.is_string() ? found.get<std::string>() : std::string();
}

Outcome outcome_of(const Json& item) {
  Outcome outcome{.kind = Outcome::Kind::present, .id = text_or(item, "id"), .differences = {}};
  const std::string kind = text_or(item, "outcome");
  if (kind == "added") outcome.kind = Outcome::Kind::added;
  else if (kind == "changed") outcome.kind = Outcome::Kind::changed;
  else if (kind == "refused") outcome.kind = Outcome::Kind::refused;
  for (const Json& difference : member(item, "differences"))
    outcome.differences.push_back(difference.get<std::string>());
  return outcome;
}

void append_integers(std::string& out, std::string_view name, const std::vector<std::int64_t>& values) {
  fmt::format_to(std::back_inserter(out), R"(,"{}":[{}])", name, fmt::join(values, ","));
}

// By hand: a value tree of a million numbers costs more than all the rest.
void append_history(std::string& out, const History& history) {
  fmt::format_to(std::back_inserter(out), R"({{"key":{})", to_text(Json(history.key)));
  append_integers(out, "steps", history.steps);
  append_integers(out, "timestamps", history.timestamps);
  out += R"(,"values":[)";
  for (std::size_t i = 0; i < history.values.size(); ++i) {
    if (i > 0) out += ',';
    const double value = history.values[i];
    if (std::isnan(value)) out += R"("NaN")";
    else if (std::isinf(value)) out += value > 0 ? R"("Infinity")" : R"("-Infinity")";
    else fmt::format_to(std::back_inserter(out), "{}", value);
  }
  out += "]}";
}

class CicloSink final : public Sink {
 public:
  explicit CicloSink(const CicloTarget& target)
      : client_(target.server, target.authorization),
        import_("/api/v1/workspaces/" + http::percent_encode(target.workspace) + "/import/"),
        artifacts_("/workspaces/" + http::percent_encode(target.workspace) + "/api/2.0/mlflow-artifacts/artifacts/"),
        webhooks_("/workspaces/" + http::percent_encode(target.workspace) + "/api/2.0/mlflow/webhooks") {}

  Outcomes experiments(const std::vector<Json>& items) override { return send("experiments", "experiments", items); }
  Outcomes runs(const std::vector<Json>& items) override { return send("runs", "runs", items); }
  Outcomes logged_models(const std::vector<Json>& items) override {
    return send("logged-models", "logged_models", items);
  }
  Outcomes traces(const std::vector<Json>& items) override {
    return send_parted({.route = "traces", .list = "spans", .noun = "span", .id = "/trace_info/trace_id"}, items);
  }
  Outcomes scorers(const std::vector<Json>& items) override {
    return send_parted({.route = "scorers", .list = "versions", .noun = "version", .id = "/name"}, items);
  }
  Outcomes evaluation_datasets(const std::vector<Json>& items) override {
    return send("evaluation-datasets", "evaluation_datasets", items);
  }
  Result<Counts> evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) override;
  Outcomes webhooks(const std::vector<Json>& items) override { return put_webhooks(client_, webhooks_, items); }
  Outcomes registered_models(const std::vector<Json>& items) override {
    return send("registered-models", "registered_models", items);
  }
  Outcomes versions(const std::vector<Json>& items) override { return send("model-versions", "model_versions", items); }
  Result<Counts> metrics(const std::vector<History>& items) override;
  Result<std::map<std::string, KnownFile>> known_artifacts(const std::string& folder) override;
  Result<void> put_artifact(const ArtifactTarget& target, const Bytes& bytes) override {
    return client_.put(artifacts_ + encode_path(target.folder + "/" + target.path), target.size, bytes);
  }
  Result<Known> known(const std::vector<std::string>& experiments, const std::vector<std::string>& runs) override;

 private:
  Outcomes send(const std::string& route, const std::string& name, const std::vector<Json>& items);
  Result<Counts> send_counted(const std::string& route, const std::string& body);
  Outcomes send_parted(const Parted& kind, const std::vector<Json>& items);
  Result<Outcome> send_in_parts(const Parted& kind, const Json& item);

  RestClient client_;
  std::string import_;
  std::string artifacts_;
  std::string webhooks_;
};

// What has too many parts for one call comes in several, each with some of them.
Result<Outcome> CicloSink::send_in_parts(const Parted& kind, const Json& item) {
  Outcome whole;
  Json part = item;
  const Json list = std::exchange(part[kind.list], Json::array());
  std::size_t bytes = 0;
  bool is_first = true;
  const auto flush = [&]() -> Result<void> {
    auto sent = send(kind.route, kind.route, {part});
    if (!sent && sent.error().code == ErrorCode::too_large)
      sent = std::vector<Outcome>{
          {.kind = Outcome::Kind::refused, .id = text_at(item, kind.id), .differences = {sent.error().message}}};
    if (!sent) return Failure(std::move(sent).error());
    const Outcome& outcome = sent->front();
    if (std::exchange(is_first, false) || outcome.kind == Outcome::Kind::refused) {
      whole.kind = outcome.kind;
      whole.id = outcome.id;
    }
    for (const std::string& difference : outcome.differences)  // most parts tell the same
      if (std::ranges::find(whole.differences, difference) == whole.differences.end())
        whole.differences.push_back(difference);
    part[kind.list] = Json::array();
    bytes = 0;
    return {};
  };
  for (const Json& one : list) {
    const std::size_t size = to_text(one).size();
    if (size > max_part_bytes) {
      whole.differences.push_back(fmt::format("a {} of {} MiB is too large and was left out", kind.noun, size >> 20U));
      continue;
    }
    if (bytes + size > bytes_per_call || part[kind.list].size() == parts_per_call) CICLO_CHECK(flush());
    if (whole.kind == Outcome::Kind::refused) return whole;
    bytes += size;
    part[kind.list].push_back(one);
  }
  CICLO_CHECK(flush());
  return whole;
}

Sink::Outcomes CicloSink::send_parted(const Parted& kind, const std::vector<Json>& items) {
  std::vector<Outcome> outcomes;
  std::vector<Json> waiting;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Result<void> {
    if (waiting.empty()) return {};
    CICLO_TRY(const auto sent, send(kind.route, kind.route, waiting));
    std::ranges::copy(sent, std::back_inserter(outcomes));
    waiting.clear();
    bytes = 0;
    return {};
  };
  for (const Json& item : items) {
    const std::size_t size = size_of(item);
    if (size > bytes_per_call || member(item, kind.list).size() > parts_per_call) {
      CICLO_CHECK(flush());
      CICLO_TRY(auto outcome, send_in_parts(kind, item));
      outcomes.push_back(std::move(outcome));
      continue;
    }
    if (bytes + size > bytes_per_call) CICLO_CHECK(flush());
    bytes += size;
    waiting.push_back(item);
  }
  CICLO_CHECK(flush());
  return outcomes;
}

Result<Counts> CicloSink::evaluation_records(const std::string& dataset_id, const std::vector<Json>& records) {
  Json set{{"dataset_id", dataset_id}, {"records", Json::array()}};
  std::size_t left_out = 0;
  for (const Json& record : records) {
    if (to_text(record).size() > max_part_bytes) ++left_out;
    else set["records"].push_back(record);
  }
  CICLO_TRY(auto counts,
            send_counted("evaluation-records", to_text(Json{{"evaluation_datasets", Json::array({set})}})));
  if (left_out > 0) counts.differences.emplace_back("a record is too large and was left out");
  return counts;
}

Sink::Outcomes CicloSink::send(const std::string& route, const std::string& name, const std::vector<Json>& items) {
  CICLO_TRY(const Json answer, client_.post(import_ + route, Json{{name, items}}));
  std::vector<Outcome> outcomes;
  for (const Json& item : member(answer, name)) outcomes.push_back(outcome_of(item));
  if (outcomes.size() != items.size()) return fail(ErrorCode::internal, "the server told of another number of items");
  return outcomes;
}

Result<Counts> CicloSink::metrics(const std::vector<History>& items) {
  std::string body = R"({"runs":[)";
  for (std::size_t i = 0; i < items.size();) {
    if (i > 0) body += ',';
    fmt::format_to(std::back_inserter(body), R"({{"run_id":{},"metrics":[)", to_text(Json(items[i].run_id)));
    const std::size_t first = i;
    for (; i < items.size() && items[i].run_id == items[first].run_id; ++i) {
      if (i > first) body += ',';
      append_history(body, items[i]);
    }
    body += "]}";
  }
  body += "]}";
  return send_counted("metrics", body);
}

Result<Counts> CicloSink::send_counted(const std::string& route, const std::string& body) {
  CICLO_TRY(const Json answer, client_.post(import_ + route, body));
  Counts counts{.added = member(answer, "added").get<std::size_t>(),
                .present = member(answer, "present").get<std::size_t>(),
                .differences = {}};
  for (const Json& difference : member(answer, "differences"))
    counts.differences.push_back(difference.get<std::string>());
  return counts;
}

Result<std::map<std::string, KnownFile>> CicloSink::known_artifacts(const std::string& folder) {
  CICLO_TRY(const Json answer, client_.post(import_ + "artifacts", Json{{"folder", folder}}));
  std::map<std::string, KnownFile> known;
  for (const Json& file : member(answer, "files"))
    known[text_or(file, "path")] = {.size = member(file, "size").get<std::uint64_t>(),
                                    .sha256 = text_or(file, "sha256")};
  return known;
}

Result<Sink::Known> CicloSink::known(const std::vector<std::string>& experiments,
                                     const std::vector<std::string>& runs) {
  CICLO_TRY(const Json answer, client_.post(import_ + "known", Json{{"experiments", experiments}, {"runs", runs}}));
  Known known;
  for (const auto& [name, id] : member(answer, "experiments").items()) known.experiments[name] = id.get<std::string>();
  for (const Json& run : member(answer, "runs")) known.runs.push_back(run.get<std::string>());
  return known;
}

}  // namespace

std::unique_ptr<Sink> open_ciclo_sink(const CicloTarget& target) {
  return std::make_unique<CicloSink>(target);
}

}  // namespace ciclo::portability
