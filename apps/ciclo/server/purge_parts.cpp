#include "server/purge_parts.hpp"

#include "inner_loop/evaluation/dataset_store.hpp"
#include "inner_loop/evaluation/scorer_store.hpp"
#include "inner_loop/traces/trace_store.hpp"
#include "platform/blobs/leftovers.hpp"

namespace ciclo::server {
namespace {

purge::Dependant roles(administration::AccessService& access) {
  return {.title = "roles", .forget = [&access](sql::Session& session, const tracking::Purge& gone) -> Result<void> {
            if (gone.kind != tracking::PurgeKind::experiment) return {};
            return access.forget_in(
                session,
                {.workspace = gone.workspace, .kind = "experiment", .parent = {}, .name = gone.name, .version = {}});
          }};
}

Result<void> forget_evaluation(sql::Session& session, const tracking::Purge& gone) {
  if (gone.kind != tracking::PurgeKind::experiment) return {};
  CICLO_CHECK(evaluation::ScorerStore().purge(session, gone.workspace, gone.experiment_id));
  return evaluation::DatasetStore().purge(session, gone.workspace, gone.experiment_id);
}

Result<tracking::Erased> erase_traces(sql::Session& session, const tracking::Purge& gone, std::size_t most) {
  if (gone.kind != tracking::PurgeKind::experiment) return tracking::Erased{.rows = 0, .is_done = true};
  const auto limit = static_cast<std::int64_t>(std::max<std::size_t>(most, 1));
  CICLO_TRY(const auto rows, traces::purge_in(session, gone.workspace, gone.experiment_id, limit));
  return tracking::Erased{.rows = rows, .is_done = rows == 0};
}

}  // namespace

void add_purge_parts(purge::PurgeService& purges, administration::AccessService& access, std::filesystem::path blobs) {
  purges.add(roles(access));
  purges.add(purge::Dependant{.title = "scorers and links to data sets", .forget = forget_evaluation});
  purges.add(purge::Dependant{.title = "traces", .erase = erase_traces});
  purges.add(purge::Leftovers{"unfinished uploads",
                              [blobs = std::move(blobs)](std::int64_t before, bool dry_run) -> Result<purge::Tally> {
                                CICLO_TRY(const auto found, blobs::sweep_leftovers(blobs, before, dry_run));
                                return purge::Tally{.count = found.count, .rows = 0, .bytes = found.bytes};
                              }});
}

}  // namespace ciclo::server
