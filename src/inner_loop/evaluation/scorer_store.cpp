#include "inner_loop/evaluation/scorer_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "inner_loop/tracking/statement.hpp"

namespace ciclo::evaluation {
namespace {

constexpr std::string_view columns =
    "s.scorer_id, s.experiment_id, s.name, v.version, v.serialized, v.creation_time, s.scorer_number";

ScorerVersion from_row(const sql::Row& row) {
  ScorerVersion scorer;
  scorer.scorer_id = row.text(0);
  scorer.experiment_id = row.integer(1);
  scorer.name = row.text(2);
  scorer.version = row.integer(3);
  scorer.serialized = row.text(4);
  scorer.creation_time = row.integer(5);
  scorer.number = row.integer(6);
  return scorer;
}

Failure not_found(const ScorerRef& ref, std::optional<std::int64_t> version) {
  return fail(ErrorCode::not_found,
              fmt::format("Scorer with name '{}'{} not found for experiment {}", ref.name.substr(0, 250),
                          version ? fmt::format(" and version {}", *version) : "", ref.experiment_id),
              "name");
}

}  // namespace

Result<ScorerVersion> ScorerStore::add(sql::Session& session, const ScorerRef& ref, const std::string& serialized,
                                       std::int64_t now) const {
  CICLO_CHECK(
      session.execute("INSERT INTO scorers (scorer_id, workspace, experiment_id, name) VALUES (?,?,?,?) ON "
                      "CONFLICT (workspace, experiment_id, name) DO NOTHING",
                      {new_uid(), ref.workspace, ref.experiment_id, ref.name}));
  CICLO_TRY(const auto row,
            session.query_one("SELECT s.scorer_id, COALESCE((SELECT MAX(v.version) FROM scorer_versions v WHERE "
                              "v.scorer_number = s.scorer_number), 0), s.scorer_number FROM scorers s WHERE "
                              "s.workspace = ? AND s.experiment_id "
                              "= ? AND s.name = ?",
                              {ref.workspace, ref.experiment_id, ref.name}));
  if (!row) return fail(ErrorCode::internal, "the scorer was not stored", ref.name);
  ScorerVersion scorer{.number = row->integer(2),
                       .scorer_id = row->text(0),
                       .experiment_id = ref.experiment_id,
                       .name = ref.name,
                       .version = row->integer(1) + 1,
                       .serialized = serialized,
                       .creation_time = now};
  CICLO_CHECK(session.execute(
      "INSERT INTO scorer_versions (scorer_number, version, serialized, creation_time) VALUES (?,?,?,?)",
      {scorer.number, scorer.version, serialized, now}));
  return scorer;
}

Result<std::vector<ScorerVersion>> ScorerStore::newest(sql::Session& session, const std::string& workspace,
                                                       const std::vector<std::int64_t>& experiment_ids) const {
  std::vector<ScorerVersion> found;
  for (std::size_t begin = 0; begin < experiment_ids.size(); begin += tracking::max_bound_list) {
    const auto end = std::min(experiment_ids.size(), begin + tracking::max_bound_list);
    tracking::Statement statement;
    statement.add("SELECT ").add(columns).add(
        " FROM scorers s JOIN scorer_versions v ON v.scorer_number = s.scorer_number ");
    statement.add("WHERE s.workspace = ").bind(workspace).add(" AND s.experiment_id IN ");
    statement.bind_list(std::vector<std::int64_t>(experiment_ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                                  experiment_ids.begin() + static_cast<std::ptrdiff_t>(end)));
    statement.add(
        " AND v.version = (SELECT MAX(w.version) FROM scorer_versions w WHERE w.scorer_number = s.scorer_number) ");
    statement.add("ORDER BY s.experiment_id, s.name");
    CICLO_TRY(const auto rows, statement.query(session));
    for (const sql::Row& row : rows) found.push_back(from_row(row));
  }
  return found;
}

Result<std::vector<ScorerVersion>> ScorerStore::versions(sql::Session& session, const ScorerRef& ref) const {
  CICLO_TRY(
      const auto rows,
      session.query(fmt::format("SELECT {} FROM scorers s JOIN scorer_versions v ON v.scorer_number = s.scorer_number "
                                "WHERE s.workspace = ? AND s.experiment_id = ? AND s.name = ? ORDER BY v.version",
                                columns),
                    {ref.workspace, ref.experiment_id, ref.name}));
  if (rows.empty()) return not_found(ref, std::nullopt);
  std::vector<ScorerVersion> found;
  for (const sql::Row& row : rows) found.push_back(from_row(row));
  return found;
}

Result<ScorerVersion> ScorerStore::get(sql::Session& session, const ScorerRef& ref,
                                       std::optional<std::int64_t> version) const {
  CICLO_TRY(
      const auto row,
      session.query_one(
          fmt::format("SELECT {} FROM scorers s JOIN scorer_versions v ON v.scorer_number = s.scorer_number WHERE "
                      "s.workspace = ? AND s.experiment_id = ? AND s.name = ? AND (CAST(? AS BIGINT) IS NULL OR "
                      "v.version = ?) ORDER BY v.version DESC LIMIT 1",
                      columns),
          {ref.workspace, ref.experiment_id, ref.name, version, version}));
  if (!row) return not_found(ref, version);
  return from_row(*row);
}

Result<void> ScorerStore::remove(sql::Session& session, const ScorerRef& ref,
                                 std::optional<std::int64_t> version) const {
  CICLO_TRY(const auto found, get(session, ref, version));
  if (version) {
    CICLO_CHECK(session.execute("DELETE FROM scorer_versions WHERE scorer_number = ? AND version = ?",
                                {found.number, *version}));
    return {};
  }
  for (const char* table : {"scorer_versions", "scorer_online", "scorers"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE scorer_number = ?", table), {found.number}));
  return {};
}

Result<void> ScorerStore::purge(sql::Session& session, const std::string& workspace, std::int64_t experiment_id) const {
  for (const char* table : {"scorer_versions", "scorer_online", "scorers"})
    CICLO_CHECK(session.execute(fmt::format("DELETE FROM {} WHERE scorer_number IN (SELECT scorer_number FROM scorers "
                                            "WHERE workspace = ? AND experiment_id = ?)",
                                            table),
                                {workspace, experiment_id}));
  return {};
}

Result<OnlineScoring> ScorerStore::put_online(sql::Session& session, const ScorerRef& ref,
                                              const std::string& filter) const {
  CICLO_TRY(const auto scorer, get(session, ref, std::nullopt));
  OnlineScoring config{
      .id = new_uid(), .scorer_id = scorer.scorer_id, .experiment_id = ref.experiment_id, .filter = filter};
  CICLO_CHECK(
      session.execute("INSERT INTO scorer_online (scorer_number, config_id, filter) VALUES (?,?,?) ON CONFLICT "
                      "(scorer_number) DO UPDATE SET config_id = excluded.config_id, filter = excluded.filter",
                      {scorer.number, config.id, filter}));
  return config;
}

Result<std::vector<OnlineScoring>> ScorerStore::online(sql::Session& session, const std::string& workspace,
                                                       const std::vector<std::string>& scorer_ids) const {
  tracking::Statement statement;
  statement.add("SELECT o.config_id, s.scorer_id, s.experiment_id, o.filter FROM scorer_online o JOIN scorers s ON ");
  statement.add("s.scorer_number = o.scorer_number WHERE s.workspace = ").bind(workspace);
  statement.add(" AND s.scorer_id IN ").bind_list(scorer_ids).add(" ORDER BY s.scorer_id");
  CICLO_TRY(const auto rows, statement.query(session));
  std::vector<OnlineScoring> found;
  for (const sql::Row& row : rows) found.push_back({row.text(0), row.text(1), row.integer(2), row.text(3)});
  return found;
}

}  // namespace ciclo::evaluation
