// The one noun everything is made of: a resource has a key, what a person wants (spec), and what is (status).
//
// Thread safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace ciclo::resources {

// What names a resource. `workspace` is empty for kinds of the organisation (workspaces themselves); `parent` is the
// endpoint of a deployment and empty for all else; `version` is empty for kinds without versions.
struct ResourceKey {
  std::string workspace;
  std::string kind;  // Kind::name: "model", "online-deployment"
  std::string parent;
  std::string name;
  std::string version;

  bool operator==(const ResourceKey&) const = default;
  auto operator<=>(const ResourceKey&) const = default;
  // "models/weather:3" style text within the workspace: "<kind>/[<parent>/]<name>[:<version>]".
  std::string subject() const;
  // "/workspaces/dev/model/weather:3": unique in the organisation; used for lineage and audit.
  std::string path() const;
};
// The key in a subject() text of a workspace; a key with an empty kind when it is none.
ResourceKey parse_subject(std::string_view workspace, std::string_view subject);

struct Resource {
  ResourceKey key;
  std::string uid;               // for ever unique, also after deletion and re-creation
  std::int64_t sequence = 0;     // order of creation; lists are paged by it
  std::string owner;             // the resource it belongs to by name (a step's pipeline job); empty for top-level ones
  Json spec = Json::object();    // in the words of the Azure ML YAML, without name and version
  Json status = Json::object();  // fields that `az … -o json` adds: status, provisioning_state, scoring_uri, …
  Json tags = Json::object();    // string → string
  bool archived = false;
  bool deleting = false;        // a controller is taking it down
  std::int64_t revision = 0;    // the etag: rises with every change
  std::int64_t generation = 0;  // rises when spec changes
  std::string created_by;
  std::string updated_by;
  TimePoint created_at;
  TimePoint updated_at;
};

// The name level of a versioned kind: what all versions of "weather" share. MLflow's registered model.
struct Container {
  std::string workspace;
  std::string kind;
  std::string name;
  std::string description;
  Json tags = Json::object();
  bool archived = false;
  std::int64_t sequence = 0;
  std::string created_by;
  TimePoint created_at;
  TimePoint updated_at;
  std::string latest_version;  // newest version that is not archived; empty when there is none
  std::vector<std::pair<std::string, std::string>> labels;  // label → version; MLflow's aliases
};

// One edge of the lineage graph: `from` was used to make, or flowed into, `to`.
struct Link {
  std::string from;      // ResourceKey::path() or an outside URI
  std::string to;        // ResourceKey::path()
  std::string relation;  // "input", "output", "code", "trained_by", "promoted_from", "deployed_as", "child",
                         // "triggered_by", "approved_by"
};

}  // namespace ciclo::resources
