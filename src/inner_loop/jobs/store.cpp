#include "inner_loop/jobs/store.hpp"

#include <utility>

namespace ciclo::inner_loop {

Result<std::optional<JobAttempt>> JobStore::find_attempt(sql::Session& session,
                                                         const resources::ResourceKey& job) const {
  CICLO_TRY(const auto row,
            session.query_one("SELECT attempt, handle FROM job_attempts WHERE workspace = ? AND job = ?",
                              {job.workspace, job.name}));
  if (!row) return std::nullopt;
  JobAttempt attempt;
  attempt.number = row->integer(0);
  if (!row->text(1).empty()) {
    CICLO_TRY(const Json json, parse_json(row->text(1)));
    CICLO_TRY(attempt.handle, process::handle_from_json(json));
  }
  return attempt;
}

Result<void> JobStore::put_attempt(sql::Session& session, const resources::ResourceKey& job,
                                   const JobAttempt& attempt) const {
  const std::string handle = attempt.handle ? to_text(process::to_json(*attempt.handle)) : std::string();
  CICLO_TRY(
      std::ignore,
      session.execute("INSERT INTO job_attempts (workspace, job, attempt, handle) VALUES (?, ?, ?, ?) ON CONFLICT "
                      "(workspace, job) DO UPDATE SET attempt = excluded.attempt, handle = excluded.handle",
                      {job.workspace, job.name, attempt.number, handle}));
  return {};
}

Result<void> JobStore::remove_attempt(sql::Session& session, const resources::ResourceKey& job) const {
  CICLO_TRY(std::ignore,
            session.execute("DELETE FROM job_attempts WHERE workspace = ? AND job = ?", {job.workspace, job.name}));
  return {};
}

Result<std::optional<std::string>> JobStore::find_identity(sql::Session& session, const std::string& workspace,
                                                           const std::string& identity) const {
  CICLO_TRY(const auto row, session.query_one("SELECT job FROM job_identities WHERE workspace = ? AND identity = ?",
                                              {workspace, identity}));
  return row ? std::optional(row->text(0)) : std::nullopt;
}

Result<void> JobStore::put_identity(sql::Session& session, const resources::ResourceKey& job,
                                    const std::string& identity, TimePoint now) const {
  CICLO_TRY(std::ignore,
            session.execute(
                "INSERT INTO job_identities (workspace, identity, job, created_at) VALUES (?, ?, ?, ?) ON "
                "CONFLICT (workspace, identity) DO UPDATE SET job = excluded.job, created_at = excluded.created_at",
                {job.workspace, identity, job.name, to_unix_ms(now)}));
  return {};
}

std::vector<sql::Migration> job_migrations() {
  return {{"jobs", 1,
           "CREATE TABLE job_attempts (\n"
           "  workspace TEXT NOT NULL,\n"
           "  job TEXT NOT NULL,\n"
           "  attempt BIGINT NOT NULL,\n"
           "  handle TEXT NOT NULL,\n"
           "  PRIMARY KEY (workspace, job)\n"
           ");\n"
           "CREATE TABLE job_identities (\n"
           "  workspace TEXT NOT NULL,\n"
           "  identity TEXT NOT NULL,\n"
           "  job TEXT NOT NULL,\n"
           "  created_at BIGINT NOT NULL,\n"
           "  PRIMARY KEY (workspace, identity)\n"
           ");\n"}};
}

}  // namespace ciclo::inner_loop
