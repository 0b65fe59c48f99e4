// Times that were given elsewhere: of what was imported.
#include "resources/store.hpp"

namespace ciclo::resources {

Result<void> ResourceStore::set_times(sql::Session& session, const ResourceKey& key, TimePoint created,
                                      TimePoint updated) const {
  CICLO_CHECK(session.execute(
      "UPDATE resources SET created_ms = ?, updated_ms = ? WHERE workspace = ? AND kind = ? "
      "AND parent = ? AND name = ? AND version = ?",
      {to_unix_ms(created), to_unix_ms(updated), key.workspace, key.kind, key.parent, key.name, key.version}));
  return {};
}

Result<void> ResourceStore::set_container_times(sql::Session& session, const ResourceKey& name, TimePoint created,
                                                TimePoint updated) const {
  CICLO_CHECK(
      session.execute("UPDATE resource_containers SET created_ms = ?, updated_ms = ? WHERE workspace = ? AND "
                      "kind = ? AND name = ?",
                      {to_unix_ms(created), to_unix_ms(updated), name.workspace, name.kind, name.name}));
  return {};
}

}  // namespace ciclo::resources
