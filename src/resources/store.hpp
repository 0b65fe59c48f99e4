// The bytes of resources: SQL over the tables resources, resource_containers, resource_labels and lineage.
// No rules here: access, schema and policy are ResourceService's.
//
// Thread safety: stateless; every call works in the session it is handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/sql/database.hpp"
#include "resources/resource.hpp"

namespace ciclo::resources {

struct ListRequest {
  std::string workspace;
  std::string kind;
  std::optional<std::string> parent;
  std::optional<std::string> name;                     // the versions of one name
  std::optional<std::vector<std::string>> only_names;  // those of these names alone: what a caller may see
  std::optional<std::string> owner;                    // "" for top-level ones only
  std::vector<std::pair<std::string, std::string>> tags;
  bool include_archived = false;
  bool only_archived = false;
  bool newest_first = true;
  std::size_t limit = 100;  // at most 1000
  std::string page_token;   // opaque; from the page before
};

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next_page_token;  // empty on the last page
};

// Told of every change within the transaction that makes it, for an index that another module keeps in tables of its
// own. An Error undoes the change.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  virtual Result<void> stored(sql::Session& session, const Resource& resource) = 0;  // inserted or updated
  virtual Result<void> erased(sql::Session& session, const ResourceKey& key) = 0;
  virtual Result<void> container_stored(sql::Session& session, const Container& container) = 0;
  // With its versions.
  virtual Result<void> container_erased(sql::Session& session, const ResourceKey& name) = 0;
  // Its versions have changed with it, at `now`.
  virtual Result<void> container_renamed(sql::Session& session, const ResourceKey& name, const std::string& new_name,
                                         TimePoint now) = 0;
};

class ResourceStore {
 public:
  // `observer`, if there is one, must outlive the store.
  explicit ResourceStore(const Clock& clock, StoreObserver* observer = nullptr) : clock_(clock), observer_(observer) {}

  // Assigns uid, sequence, revision 1, times. Creates the container when it is the first version. Fails with
  // already_exists.
  Result<Resource> insert(sql::Session& session, Resource resource) const;
  // The version after the highest number that a version of this name ever had, also one that is gone: "1" for the
  // first.
  Result<std::string> next_version(sql::Session& session, const ResourceKey& name) const;
  // Writes spec, status, tags, flags; revision rises by one. Fails with conflict when the stored revision is not
  // `resource.revision`, not_found when it is gone.
  Result<Resource> update(sql::Session& session, Resource resource) const;
  Result<void> erase(sql::Session& session, const ResourceKey& key) const;

  // not_found names the nearest name of that kind.
  Result<Resource> get(sql::Session& session, const ResourceKey& key) const;
  Result<std::optional<Resource>> find(sql::Session& session, const ResourceKey& key) const;
  Result<Resource> get_by_uid(sql::Session& session, const std::string& uid) const;
  Result<Page<Resource>> list(sql::Session& session, const ListRequest& request) const;
  // Those with these sequence numbers, in that order; what is gone is left out.
  Result<std::vector<Resource>> find_all(sql::Session& session, const std::vector<std::int64_t>& sequences) const;

  // "latest" is the newest version that is not archived; other labels are set by set_label.
  Result<std::string> version_of_label(sql::Session& session, const ResourceKey& name, const std::string& label) const;
  Result<void> set_label(sql::Session& session, const ResourceKey& version, const std::string& label) const;
  Result<void> remove_label(sql::Session& session, const ResourceKey& name, const std::string& label) const;

  Result<std::optional<Container>> find_container(sql::Session& session, const ResourceKey& name) const;
  Result<Container> put_container(sql::Session& session, Container container) const;   // creates or updates
  Result<void> erase_container(sql::Session& session, const ResourceKey& name) const;  // with its versions and labels
  Result<void> rename_container(sql::Session& session, const ResourceKey& name, const std::string& new_name) const;
  Result<Page<Container>> list_containers(sql::Session& session, const ListRequest& request) const;
  // Those of these names, in that order; what is gone is left out.
  struct ContainerNames {
    std::string workspace;
    std::string kind;
    std::vector<std::string> names;
  };
  Result<std::vector<Container>> find_containers(sql::Session& session, const ContainerNames& wanted) const;

  // For what was made elsewhere before it came here. Nothing when it is not there.
  Result<void> set_times(sql::Session& session, const ResourceKey& key, TimePoint created, TimePoint updated) const;
  Result<void> set_container_times(sql::Session& session, const ResourceKey& name, TimePoint created,
                                   TimePoint updated) const;

  Result<void> link(sql::Session& session, const std::vector<Link>& links) const;
  // Every edge reachable from `path`, against (upstream) or along (downstream) the arrows, at most `max_edges`.
  enum class Direction : std::uint8_t { upstream, downstream };
  Result<std::vector<Link>> lineage(sql::Session& session, const std::string& path, Direction direction,
                                    std::size_t max_edges = 1000) const;

 private:
  const Clock& clock_;
  StoreObserver* observer_;
};

std::vector<sql::Migration> migrations();

}  // namespace ciclo::resources
