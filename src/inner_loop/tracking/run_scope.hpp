// Which runs a search may see at all, and the parts that the ways of searching share.
//
// Thread safety: plain values and pure functions over the session they are handed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/run_search.hpp"
#include "inner_loop/tracking/search_sql.hpp"
#include "inner_loop/tracking/statement.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::tracking {

// An experiment has one number over all workspaces: the indexes that searches read begin with it.
struct ScopedExperiment {
  std::int64_t number = 0;
  std::int64_t id = 0;
};

struct RunScope {
  std::string workspace;
  std::vector<ScopedExperiment> experiments;
  View view = View::active_only;

  // The stages of life that are in view: 'active', 'deleted', or both.
  std::span<const std::string_view> stages() const;
};

// Leaves out experiments without runs, unknown ones among them. The only place where a search learns which runs it may
// see.
Result<RunScope> scope_of(sql::Session& session, const SearchRequest& request);

// The condition of the scope on `runs r`. `by_number`: the runs are found by their numbers, so no index on the rest may
// tempt the planner (an expression has none).
Statement scope_condition(const RunScope& scope, bool by_number);

// What runs are searched by.
Domain run_domain();

// The table that holds the metrics, parameters or tags of runs.
std::string_view table_of(Entity entity);

// How much of a value the indexes hold: its first 64 characters, and whether there is more.
struct Head {
  std::string text;
  bool is_cut = false;
};
inline constexpr std::size_t head_length = 64;
Head head_of(std::string_view value);

}  // namespace ciclo::tracking
