// A search whose order one index has: see run_search.hpp.
//
// A page is filled by walking the index. At first the runs passed are looked at, some at a time, until there are
// enough; when so few of them meet the filter that this would take thousands, the whole filter is evaluated to a set
// instead and the walk goes on with that. After the runs that have the metric, parameter or tag come those without it,
// newest first.
//
// Page tokens: the position of the page's last run, and in which of the two parts it stands.
//
// Thread safety: belongs to the session it is made with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "inner_loop/tracking/run_scope.hpp"
#include "inner_loop/tracking/run_set.hpp"
#include "inner_loop/tracking/run_walk.hpp"
#include "inner_loop/tracking/search_parts.hpp"

namespace ciclo::tracking {

struct FoundRuns {
  std::vector<std::int64_t> numbers;  // in order
  std::string next_page_token;
};

class WalkSearch {
 public:
  WalkSearch(sql::Session& session, const SearchRequest& request, const RunScope& scope, const SearchParts& parts);

  // Does one index have this order? For values that are texts: all of them in full.
  static Result<bool> can(sql::Session& session, const SearchParts& parts, const RunScope& scope);
  // Was the token made by a walk of this search?
  static bool owns(const std::string& purpose, const std::string& token);

  // Fails with conflict when a value came between two pages whose order the index does not know.
  Result<FoundRuns> run(SearchWay way = SearchWay::fastest);

 private:
  enum class Part : std::uint8_t { valued, rest };
  struct Wanted {
    Part part = Part::valued;
    std::optional<RunPosition> after;
    std::size_t count = 0;
  };

  Result<Stretch> fill(const Wanted& wanted);
  Result<bool> look(const RunWalk& walk, const Wanted& wanted, Stretch& found);
  Result<void> finish_by_set(const RunWalk& walk, const Wanted& wanted, Stretch& found);
  Result<std::vector<RunPosition>> meeting(const Wanted& wanted, const std::vector<RunPosition>& runs) const;
  Result<const RunSet*> matching();
  std::string token_of(Part part, const RunPosition* position) const;
  Result<std::optional<RunPosition>> position_in(const Json& token) const;
  static RunOrder order_of(const SearchParts& parts);

  sql::Session& session_;
  const SearchRequest& request_;
  const RunScope& scope_;
  const SearchParts& parts_;
  const RunWalk valued_;
  const RunWalk newest_;
  std::optional<RunSet> matching_;
  std::int64_t greatest_ = 0;
  SearchWay way_ = SearchWay::fastest;
};

}  // namespace ciclo::tracking
