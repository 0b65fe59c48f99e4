// The one path every change of a resource takes:
//   validate against the schema → normalise → access → one transaction { check → resource, lineage, event, audit row }.
//
// Thread safety: safe from any thread. Never call a method that writes from inside a Database::write closure; use the
// *_in functions there.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "platform/events/event_log.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"
#include "resources/kind.hpp"
#include "resources/reference.hpp"
#include "resources/store.hpp"

namespace ciclo::resources {

struct CreateRequest {
  std::string workspace;
  std::string kind;
  std::string parent;
  Json document;      // as a user writes it: spec with name, version, tags, description
  std::string owner;  // see Resource::owner
  // Set inside the server only: what status starts with.
  Json status = Json::object();
  std::vector<Link> links;
  // When it exists already: fail, or update it (az's create of mutable kinds is "create or update").
  enum class IfExists : std::uint8_t { fail, update } if_exists = IfExists::fail;
};

struct UpdateRequest {
  ResourceKey key;
  Json patch;  // RFC 7386 over the document
  std::optional<std::int64_t> expected_revision;
};

// What a controller reports. `event` is the last word of the event's type ("completed" → ciclo.job.completed); none is
// appended when it is empty. `event_data` is merged into the event's data, which always has the view's status fields.
struct StatusChange {
  std::string event;
  Json event_data = Json::object();
  std::vector<Link> links;
};

class ResourceService {
 public:
  struct Parts {
    sql::Database& database;
    events::EventLog& events;
    const KindTable& kinds;
    const ResourceStore& store;
    const AccessPolicy& access;
    AuditSink& audit;
    const Clock& clock;
    // In the transaction that ends a resource: what others keep about it (roles given on it alone) ends with it.
    std::function<Result<void>(sql::Session&, const ResourceKey&)> erased = {};
    // In the transaction that renames one: the same goes along with it.
    std::function<Result<void>(sql::Session&, const ResourceKey& before, const ResourceKey& after)> renamed = {};
  };
  explicit ResourceService(Parts parts) : parts_(std::move(parts)) {}

  Result<Resource> create(const Caller& caller, CreateRequest request);
  Result<Resource> update(const Caller& caller, const UpdateRequest& request);
  Result<Resource> set_archived(const Caller& caller, const ResourceKey& key, bool archived);
  // Gone at once, or `deleting` when the kind has a finalizer.
  Result<void> remove(const Caller& caller, const ResourceKey& key);
  Result<Resource> get(const Caller& caller, const ResourceKey& key);
  // Those that the caller may read, filtered in the query. Fails as require() does when there is nothing it may.
  Result<Page<Resource>> list(const Caller& caller, const ListRequest& request);
  Result<Page<Container>> list_containers(const Caller& caller, const ListRequest& request);
  // The resource a reference means now. `kind` says of what kind. Needs read on the workspace it lies in.
  Result<Resource> resolve(const Caller& caller, const std::string& kind, const std::string& workspace,
                           const std::string& reference);

  // For controllers: changes status (and tags), not spec, as system. `mutate` works on the newest state inside the
  // transaction and returns false to leave everything as it is. Returns the resource as it is afterwards.
  Result<Resource> change_status(const ResourceKey& key, const std::function<bool(Resource&)>& mutate,
                                 const StatusChange& change);
  // Removes a resource whose controller has taken it down.
  Result<void> finish_delete(const ResourceKey& key);

  // The same within a transaction of the caller's own, so that several changes happen together or not at all.
  Result<Resource> create_in(sql::Session& session, const Caller& caller, CreateRequest request);
  Result<Resource> change_status_in(sql::Session& session, const ResourceKey& key,
                                    const std::function<bool(Resource&)>& mutate, const StatusChange& change);
  Result<Resource> resolve_in(sql::Session& session, const std::string& kind, const std::string& workspace,
                              const Reference& reference) const;
  // Event and audit row for changes of containers, labels and other things beside resources.
  Result<void> record_in(sql::Session& session, const AuditEntry& entry, events::Event event);

  const Parts& parts() const { return parts_; }

 private:
  Result<Draft> make_draft(const Kind& kind, CreateRequest& request) const;
  Result<Resource> insert_in(sql::Session& session, const Caller& caller, const Kind& kind, Draft draft);
  Result<Resource> rewrite_in(sql::Session& session, const Caller& caller, const Kind& kind, Draft draft);
  Result<ListRequest> within_reach(const Caller& caller, const Kind& kind, ListRequest request) const;
  Result<void> require_may_begin(const Caller& caller, const Kind& kind, const CreateRequest& request) const;
  Result<void> erase_in(sql::Session& session, const Kind& kind, const Resource& resource, const std::string& actor);
  Result<void> announce(sql::Session& session, const Kind& kind, const Resource& resource, std::string_view what,
                        const std::string& actor, const Json& data);
  Result<const Kind*> kind_of(const std::string& name) const;

  Parts parts_;
};

// What an event tells of changed tags, as `changed_tags`: key → new value, null for one that was taken away.
Json changed_tags(const Json& before, const Json& after);

}  // namespace ciclo::resources
