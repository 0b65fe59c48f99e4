// A kind of resource, as data. A new kind is a schema (schemas/<name>.json), one file that fills in a Kind, and one
// line where apps/ lists the kinds. The HTTP routes, the command line, OpenAPI and the checks are all made from this
// table.
//
// Thread safety: build the table first, then share it; the functions in it are called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"
#include "resources/caller.hpp"
#include "resources/resource.hpp"

namespace ciclo::resources {

class ResourceStore;
class ResourceService;

enum class Scope : std::uint8_t { organisation, workspace };
enum class Versioning : std::uint8_t { none, versions };
// assets: a version's spec never changes; only tags, description, properties and labels do.
enum class Mutability : std::uint8_t { spec_may_change, asset };

// A resource about to be created or changed.
struct Draft {
  Resource resource;                 // spec as sent (schema-checked), name and version filled in or empty
  const Resource* before = nullptr;  // what it was, for an update
  std::vector<Link> links;           // lineage to record with it
};

// What a kind's check may look at. Valid during the call only.
struct CheckContext {
  sql::Session& session;
  const ResourceStore& store;
  const AccessPolicy& access;
  const Caller& caller;
  TimePoint now;
};

// What the command line does with a field of the document that names something on the user's disk.
enum class LocalField : std::uint8_t {
  upload,           // a file or folder: uploaded, the field becomes an azureml://datastores/… path
  inline_yaml,      // "./conda.yml" or "file:x.yml": read, its content replaces the path
  inline_resource,  // a YAML of a resource, inlined, whose own local fields are handled by `kind` relative to that file
};
struct LocalFieldRule {
  std::string pointer;  // with * for any key or index: "/jobs/*/code"
  LocalField action = LocalField::upload;
  std::string kind;  // for inline_resource: whose rules apply inside
};

// A column of `-o table`.
struct Column {
  std::string title;
  std::string query;  // JMESPath over the view
};

struct Kind {
  std::string name;    // "online-deployment": the command group and the events' name
  std::string plural;  // "online-deployments": the URL segment
  std::string title;   // "online deployment": in messages
  Scope scope = Scope::workspace;
  Versioning versioning = Versioning::none;
  Mutability mutability = Mutability::spec_may_change;
  std::string parent_kind;      // "online-endpoint" for deployments
  std::string component;        // for access: "workspace", "storage", "automation", …
  std::string_view schema;      // the text of schemas/<name>.json
  bool generates_name = false;  // a missing name is made up (jobs)
  // Deleting waits for a controller to take the thing down and call ResourceService::finish_delete().
  bool has_finalizer = false;
  bool can_update = true;
  bool can_delete = true;  // az has no delete for some assets, but archive
  std::vector<LocalFieldRule> local_fields;
  std::vector<Column> columns;

  // Which names it takes; empty: check_name() of reference.hpp.
  std::function<Result<void>(std::string_view)> check_name;
  // Defaults and rewrites that need no other resource. Pure. May be empty.
  std::function<Result<void>(Draft&)> normalise;
  // What a schema cannot express, looked at in the transaction that writes: references exist, state allows it. Targets
  // of its errors are JSON pointers into the spec. May fill in status and links. Must be quick. May be empty.
  std::function<Result<void>(const CheckContext&, Draft&)> check;
  // May it be deleted now? May be empty.
  std::function<Result<void>(const CheckContext&, const Resource&)> check_delete;
  // What its events carry beside status and tags. May be empty.
  std::function<Json(const Resource&)> event_data;
  // The JSON that `az … -o json` would print. Empty: default_view().
  std::function<Json(const Resource&)> view;
};

// spec and status merged at the top level (status wins), with id, name, version, tags, creation_context, etag.
Json default_view(const Kind& kind, const Resource& resource);
Json view(const Kind& kind, const Resource& resource);

class KindTable {
 public:
  KindTable();
  ~KindTable();
  KindTable(KindTable&&) noexcept;
  KindTable& operator=(KindTable&&) noexcept;
  // Fails with invalid when the schema does not compile, already_exists when the name is taken.
  Result<void> add(Kind kind);
  // Null when there is none of that name.
  const Kind* find(std::string_view name) const;
  const Kind* find_plural(std::string_view plural) const;
  const std::vector<std::unique_ptr<Kind>>& all() const { return kinds_; }
  // Checks a document (as a user writes it, with name, version, type, $schema, …) against the kind's schema.
  Result<void> validate(const Kind& kind, const Json& document) const;

 private:
  struct Schemas;
  std::vector<std::unique_ptr<Kind>> kinds_;
  std::unique_ptr<Schemas> schemas_;
};

}  // namespace ciclo::resources
