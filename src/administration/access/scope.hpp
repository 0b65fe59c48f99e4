// Where an assignment holds: the organisation, a workspace, one component of it, or a single resource.
//
//   /                                              everything
//   /workspaces/dev                                a workspace
//   /workspaces/dev/components/storage             one component of it
//   /workspaces/dev/online-endpoint/weather        a single resource, with its versions
//
// Thread safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "resources/caller.hpp"

namespace ciclo::administration {

struct Scope {
  std::string workspace;  // empty: the organisation, and with it every workspace
  std::string component;  // empty: all
  std::string resource;   // "online-endpoint/weather"; empty: all

  bool operator==(const Scope&) const = default;
  bool is_organisation() const { return workspace.empty(); }
  std::string text() const;      // the form above
  std::string sentence() const;  // "storage in workspace 'dev'"
  // Whether what is done there with this action is within this scope.
  bool covers(const resources::Place& place, std::string_view action) const;
};

}  // namespace ciclo::administration
