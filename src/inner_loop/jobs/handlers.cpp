#include "inner_loop/jobs/handlers.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "inner_loop/jobs/ledger.hpp"
#include "inner_loop/jobs/log_files.hpp"
#include "inner_loop/jobs/material.hpp"
#include "inner_loop/tracking/artifacts.hpp"

namespace ciclo::inner_loop {
namespace {

using http::Request;
using http::Response;
using resources::Resource;
using resources::ResourceKey;

constexpr std::size_t log_piece = 1U << 20U;
// How often a followed log is looked at: files of processes that this server may not even have started tell nobody.
constexpr std::chrono::milliseconds follow_pause{200};
constexpr std::size_t most_steps = 1000;
constexpr int deepest_nesting = 8;

ResourceKey key_of(const Request& request) {
  return {.workspace = request.parameter("workspace"),
          .kind = "job",
          .parent = {},
          .name = request.parameter("name"),
          .version = {}};
}

Result<Resource> job_of(const JobParts& parts, const Request& request) {
  return parts.service.get(resources::caller_of(request), key_of(request));
}

// For what the route's own action guards: reading logs needs no right to read jobs.
Result<Resource> find_job(const JobParts& parts, const Request& request) {
  return parts.database().read(
      [&](sql::Session& session) { return parts.service.parts().store.get(session, key_of(request)); });
}

Result<Json> view_of(const JobParts& parts, const Resource& job) {
  const resources::Kind* kind = parts.service.parts().kinds.find("job");
  if (kind == nullptr) return fail(ErrorCode::internal, "the kind 'job' is not in the table");
  return resources::view(*kind, job);
}

Result<Response> cancel(const JobParts& parts, Request& request) {
  const resources::Caller& caller = resources::caller_of(request);
  const ResourceKey key = key_of(request);
  CICLO_TRY(const auto decision,
            resources::require(parts.service.parts().access, caller, "workspace/write", key.workspace));
  CICLO_TRY(const Resource job, parts.database().write([&](sql::Session& session) -> Result<Resource> {
    CICLO_TRY(Resource asked, JobLedger(parts.service).request_cancel_in(session, key));
    CICLO_CHECK(parts.service.parts().audit.record(session, {.caller = caller,
                                                             .action = "workspace/write",
                                                             .operation = "cancel",
                                                             .workspace = key.workspace,
                                                             .target = key.path(),
                                                             .decision = decision}));
    return asked;
  }));
  CICLO_TRY(const Json view, view_of(parts, job));
  return Response::json(view);
}

Result<Response> logs(const JobParts& parts, const JobSettings& settings, Request& request) {
  CICLO_TRY(const Resource job, find_job(parts, request));
  Json files = Json::array();
  for (const LogFile& file : list_logs(JobFolder(settings.folder, job.key)))
    files.push_back({{"name", file.name}, {"size", file.size}});
  return Response::json({{"value", files}});
}

// For what should not have been printed. The steps of a pipeline are jobs with logs of their own.
Result<Response> delete_logs(const JobParts& parts, const JobSettings& settings, Request& request) {
  const resources::Caller& caller = resources::caller_of(request);
  const ResourceKey key = key_of(request);
  CICLO_TRY(const auto decision, resources::require(parts.service.parts().access, caller, "logs/write", key.workspace));
  CICLO_CHECK(parts.database().write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const Resource job, parts.service.parts().store.get(session, key));
    if (!has_ended(status_of(job.status)))
      return fail(ErrorCode::conflict, fmt::format("job '{}' is {}", key.name, name_of(status_of(job.status))), {},
                  "wait until it has ended, or cancel it first");
    CICLO_CHECK(parts.service.parts().audit.record(session, {.caller = caller,
                                                             .action = "logs/write",
                                                             .operation = "delete logs",
                                                             .workspace = key.workspace,
                                                             .target = key.path(),
                                                             .decision = decision}));
    return remove_logs(JobFolder(settings.folder, key));
  }));
  return Response::empty();
}

Result<Response> log_text(const JobParts& parts, const JobSettings& settings, Request& request) {
  CICLO_TRY(const Resource job, find_job(parts, request));
  const auto given = request.query.find("offset");
  const auto offset = given ? parse_int(*given) : std::optional<std::int64_t>(0);
  if (!offset || *offset < 0) return fail(ErrorCode::invalid, "offset must be a number of bytes", "offset");
  const JobFolder folder(settings.folder, job.key);
  CICLO_TRY(std::string text,
            read_log(folder, request.parameter("file"), static_cast<std::uint64_t>(*offset), log_piece));
  const std::string next = std::to_string(static_cast<std::uint64_t>(*offset) + text.size());
  // Without an offset the whole file is meant.
  if (!given && text.size() == log_piece) {
    Response response = Response::text("");
    response.stream = [folder, file = request.parameter("file"),
                       at = std::uint64_t{0}]() mutable -> Result<std::string> {
      CICLO_TRY(std::string piece, read_log(folder, file, at, log_piece));
      at += piece.size();
      return piece;
    };
    return response;
  }
  Response response = Response::text(std::move(text));
  response.headers.set("x-next-offset", next);
  return response;
}

// The command jobs of a job: itself, or the steps of a pipeline, those of pipelines inside included.
Result<void> add_steps(const JobParts& parts, const Resource& job, int depth, std::vector<Resource>& steps) {
  if (text_or(job.spec, "type") != "pipeline") {
    steps.push_back(job);
    return {};
  }
  if (depth > deepest_nesting) return {};
  resources::ListRequest request;
  request.workspace = job.key.workspace;
  request.kind = "job";
  request.owner = job.key.name;
  request.include_archived = true;
  request.newest_first = false;
  request.limit = most_steps;
  CICLO_TRY(const auto children,
            parts.database().read([&](sql::Session& s) { return parts.service.parts().store.list(s, request); }));
  for (const Resource& child : children.items) CICLO_CHECK(add_steps(parts, child, depth + 1, steps));
  return {};
}

// Gives what all steps write, each under a line with its name, until the job has ended.
class Follower {
 public:
  Follower(const JobParts& parts, const JobSettings& settings, ResourceKey key)
      : parts_(parts), settings_(settings), key_(std::move(key)) {}

  Result<std::string> next() {
    while (!is_done_) {
      CICLO_TRY(const Resource job,
                parts_.database().read([&](sql::Session& s) { return parts_.service.parts().store.get(s, key_); }));
      // Looked at before the logs: what is written until the end is in them then.
      const bool has_ended_now = has_ended(status_of(job.status));
      CICLO_TRY(std::string text, new_text(job));
      if (text.empty() && has_ended_now) {
        is_done_ = true;
        text = fmt::format("--- {} {}: {}\n", text_or(job.spec, "type"), job.key.name, name_of(status_of(job.status)));
      }
      if (!text.empty()) return text;
      std::this_thread::sleep_for(follow_pause);
    }
    return std::string();
  }

 private:
  Result<std::string> new_text(const Resource& job) {
    std::vector<Resource> steps;
    CICLO_CHECK(add_steps(parts_, job, 0, steps));
    std::string out;
    for (const Resource& step : steps) {
      std::uint64_t& offset = offsets_[step.key.name];
      const auto text = read_log(JobFolder(settings_.folder, step.key), "user_logs/std_log.txt", offset, log_piece);
      if (!text || text->empty()) continue;
      offset += text->size();
      if (steps.size() > 1 && shown_ != step.key.name)
        out += fmt::format("--- {}\n", text_or(step.spec, "display_name", step.key.name));
      shown_ = step.key.name;
      out += *text;
      if (out.size() >= log_piece) break;
    }
    return out;
  }

  const JobParts& parts_;
  const JobSettings& settings_;
  const ResourceKey key_;
  std::map<std::string, std::uint64_t> offsets_;
  std::string shown_;
  bool is_done_ = false;
};

Result<Response> stream(const JobParts& parts, const JobSettings& settings, Request& request) {
  CICLO_TRY(const Resource job, find_job(parts, request));
  Response response = Response::text("");
  const auto follower = std::make_shared<Follower>(parts, settings, job.key);
  response.stream = [follower] { return follower->next(); };
  return response;
}

Result<Response> output(const JobParts& parts, Request& request) {
  CICLO_TRY(const Resource job, job_of(parts, request));
  const std::string reference = fmt::format("azureml://jobs/{}/outputs/{}", job.key.name, request.parameter("output"));
  const Material material(parts, resources::caller_of(request), job.key.workspace);
  CICLO_TRY(const auto location, material.locate(reference, ValueType::uri_folder));
  std::string path = request.parameters.contains("path") ? request.parameter("path") : std::string();
  while (path.ends_with('/')) path.pop_back();
  const std::string key = path.empty() ? location.key : location.key + "/" + path;
  const auto recursive = request.query.find("recursive");
  if (!recursive || *recursive != "true") return tracking::send_blob(parts.blobs, key, request);
  Json files = Json::array();
  if (const auto single = parts.blobs.stat(key)) {
    files.push_back({{"name", key.substr(key.rfind('/') + 1)}, {"size", single->size}});
  } else {
    CICLO_TRY(const auto blobs, parts.blobs.walk(key));
    for (const blobs::BlobInfo& blob : blobs)
      files.push_back({{"name", blob.key.substr(key.size() + 1)}, {"size", blob.size}});
  }
  return Response::json({{"value", files}});
}

http::Route route(http::Method method, const std::string& tail, std::string action, std::string summary) {
  http::Route out;
  out.method = method;
  out.pattern = "/api/v1/workspaces/{workspace}/jobs/{name}" + tail;
  out.action = std::move(action);
  out.summary = std::move(summary);
  out.tag = "jobs";
  return out;
}

}  // namespace

Result<void> add_job_routes(http::Router& router, const JobParts& parts, const JobSettings& settings) {
  using http::Method;
  auto add = [&](http::Route one, http::Handler handler) {
    one.handler = std::move(handler);
    return router.add(std::move(one));
  };
  CICLO_CHECK(add(route(Method::post, "/cancel", "workspace/write", "Ask a job to stop."),
                  [&parts](Request& r) { return cancel(parts, r); }));
  CICLO_CHECK(add(route(Method::get, "/logs", "logs/read", "List a job's log files."),
                  [&parts, &settings](Request& r) { return logs(parts, settings, r); }));
  CICLO_CHECK(add(route(Method::get, "/logs/{file*}", "logs/read", "Read a job's log file from a byte on."),
                  [&parts, &settings](Request& r) { return log_text(parts, settings, r); }));
  CICLO_CHECK(add(route(Method::del, "/logs", "logs/write", "Delete the log files of a job that has ended."),
                  [&parts, &settings](Request& r) { return delete_logs(parts, settings, r); }));
  CICLO_CHECK(add(route(Method::get, "/stream", "logs/read", "Follow a job's output until it ends."),
                  [&parts, &settings](Request& r) { return stream(parts, settings, r); }));
  CICLO_CHECK(add(route(Method::get, "/outputs/{output}/paths", "storage/read", "List the files of a job's output."),
                  [&parts](Request& r) { return output(parts, r); }));
  return add(
      route(Method::get, "/outputs/{output}/paths/{path*}", "storage/read", "Read or list files of a job's output."),
      [&parts](Request& r) { return output(parts, r); });
}

}  // namespace ciclo::inner_loop
