#include "inner_loop/tracking/walk_search.hpp"

#include <algorithm>
#include <unordered_set>

#include "inner_loop/tracking/driver.hpp"
#include "inner_loop/tracking/run_set_search.hpp"

namespace ciclo::tracking {
namespace {

constexpr std::string_view valued_mark = "\nwalk";
constexpr std::string_view rest_mark = "\nwalk without a value";
// How many runs are looked at before it is judged how many more it would take; and the most that are worth it.
constexpr std::size_t first_look = 64;
constexpr std::size_t max_look = 3000;
// Each experiment is a walk of its own.
constexpr std::size_t max_experiments = 64;

bool is_start_time(const std::string& key) {
  return key == "start_time" || key == "created";
}

std::string marked(const std::string& purpose, std::string_view mark) {
  return purpose + std::string(mark);
}

}  // namespace

Result<bool> WalkSearch::can(sql::Session& session, const SearchParts& parts, const RunScope& scope) {
  if (parts.orders.size() > 1 || scope.experiments.size() > max_experiments) return false;
  if (parts.orders.empty()) return true;
  const Order& order = parts.orders.front();
  if (order.entity == Entity::attribute) return is_start_time(order.key);
  // Texts of several experiments would be merged in the order of their bytes, which may not be the database's.
  if (order.entity == Entity::metric) return true;
  if (scope.experiments.size() > 1) return false;
  Statement statement;
  statement.add("SELECT 1 FROM ").add(table_of(order.entity)).add(" WHERE is_cut = 1 AND experiment_number = ");
  statement.bind(scope.experiments.front().number).add(" AND key = ").bind(order.key).add(" LIMIT 1");
  CICLO_TRY(const auto rows, statement.query(session));
  return rows.empty();
}

bool WalkSearch::owns(const std::string& purpose, const std::string& token) {
  return read_page_token(marked(purpose, valued_mark), token) || read_page_token(marked(purpose, rest_mark), token);
}

RunOrder WalkSearch::order_of(const SearchParts& parts) {
  if (parts.orders.empty()) return {};
  const Order& order = parts.orders.front();
  return {.entity = order.entity, .key = order.key, .ascending = order.ascending};
}

WalkSearch::WalkSearch(sql::Session& session, const SearchRequest& request, const RunScope& scope,
                       const SearchParts& parts)
    : session_(session),
      request_(request),
      scope_(scope),
      parts_(parts),
      valued_(session, scope, order_of(parts), needed_comparisons(parts.expression)),
      newest_(session, scope, {}, needed_comparisons(parts.expression)) {}

Result<FoundRuns> WalkSearch::run(SearchWay way) {
  way_ = way;
  const std::size_t limit = request_.max_results;
  const std::string& token = request_.page_token;
  std::vector<RunPosition> page;
  Wanted wanted{.part = Part::valued, .after = {}, .count = limit + 1};
  if (!token.empty()) {
    auto position = read_page_token(marked(parts_.purpose, valued_mark), token);
    if (!position) {
      wanted.part = Part::rest;
      CICLO_TRY(position, read_page_token(marked(parts_.purpose, rest_mark), token));
    }
    CICLO_TRY(wanted.after, position_in(*position));
  }
  std::size_t valued_count = 0;
  if (wanted.part == Part::valued) {
    CICLO_TRY(auto stretch, fill(wanted));
    if (stretch.is_cut) {
      return fail(ErrorCode::conflict, "a value was logged that is too long to go on in this order", "page_token",
                  "search again from the first page");
    }
    page = std::move(stretch.runs);
    valued_count = page.size();
    wanted = {.part = Part::rest, .after = {}, .count = limit + 1 - std::min(valued_count, limit)};
  }
  const bool has_rest = valued_.order().entity != Entity::attribute;
  if (has_rest && page.size() <= limit) {
    CICLO_TRY(auto stretch, fill(wanted));
    page.insert(page.end(), stretch.runs.begin(), stretch.runs.end());
  }
  FoundRuns found;
  if (page.size() > limit) {
    page.resize(limit);
    // A page that ends with the last valued run goes on at the beginning of the rest.
    const bool rest_begins = valued_count == limit && has_rest;
    const bool in_rest = valued_count <= limit && has_rest;
    found.next_page_token = token_of(in_rest ? Part::rest : Part::valued, rest_begins ? nullptr : &page.back());
  }
  for (const RunPosition& position : page) found.numbers.push_back(position.run_number);
  return found;
}

Result<Stretch> WalkSearch::fill(const Wanted& wanted) {
  const RunWalk& walk = wanted.part == Part::valued ? valued_ : newest_;
  // All runs in view are in this index, and no others.
  const bool takes_all = parts_.expression.children.empty() && parts_.expression.kind == Expression::Kind::all &&
                         wanted.part == Part::valued && walk.order().entity == Entity::attribute;
  if (takes_all && way_ == SearchWay::fastest) return walk.next(wanted.after, wanted.count, nullptr);
  Stretch found;
  if (!matching_ && way_ != SearchWay::by_set) {
    CICLO_TRY(const bool is_done, look(walk, wanted, found));
    if (is_done) return found;
  }
  CICLO_CHECK(finish_by_set(walk, wanted, found));
  return found;
}

// Looks at runs along the walk. False when a set would be quicker; then `found` holds what was found before.
Result<bool> WalkSearch::look(const RunWalk& walk, const Wanted& wanted, Stretch& found) {
  std::size_t looked = 0;
  std::optional<RunPosition> after = wanted.after;
  std::size_t count = std::max(first_look, std::min(2 * wanted.count, max_bound_list));
  while (true) {
    CICLO_TRY(const auto stretch, walk.next(after, count, nullptr));
    if (stretch.is_cut) {
      found.is_cut = true;
      return true;
    }
    CICLO_TRY(const auto met, meeting(wanted, stretch.runs));
    found.runs.insert(found.runs.end(), met.begin(), met.end());
    looked += stretch.runs.size();
    found.ended = stretch.ended;
    if (found.runs.size() >= wanted.count) {
      found.ended = found.ended && found.runs.size() == wanted.count;
      found.runs.resize(wanted.count);
      return true;
    }
    if (stretch.ended) return true;
    after = stretch.runs.back();
    const std::size_t left = wanted.count - found.runs.size();
    const bool none_met = found.runs.empty() && (looked >= max_bound_list || wanted.part == Part::rest);
    if (way_ == SearchWay::fastest &&
        (none_met || looked * left > max_look * std::max<std::size_t>(found.runs.size(), 1)))
      return false;
    count = max_bound_list;
  }
}

Result<void> WalkSearch::finish_by_set(const RunWalk& walk, const Wanted& wanted, Stretch& found) {
  CICLO_TRY(const RunSet* const matching, this->matching());
  std::optional<RunSet> without;
  const RunSet* set = matching;
  if (wanted.part == Part::rest) {
    const RunSetSearch search(session_, scope_, greatest_);
    CICLO_TRY(without, search.without(*matching, valued_.order().entity, valued_.order().key));
    set = &*without;
    if (set->size() == 0) {
      found.ended = true;
      return {};
    }
  }
  const auto after = found.runs.empty() ? wanted.after : std::optional(found.runs.back());
  CICLO_TRY(const auto further,
            walk.next(after, wanted.count - found.runs.size(), [set](std::int64_t run) { return set->has(run); }));
  found.is_cut = further.is_cut;
  found.ended = further.ended;
  found.runs.insert(found.runs.end(), further.runs.begin(), further.runs.end());
  return {};
}

// Those of the runs that are in view and meet the filter, in their order.
Result<std::vector<RunPosition>> WalkSearch::meeting(const Wanted& wanted, const std::vector<RunPosition>& runs) const {
  std::unordered_set<std::int64_t> met;
  for (std::size_t begin = 0; begin < runs.size(); begin += max_bound_list) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = begin; i < std::min(begin + max_bound_list, runs.size()); ++i)
      numbers.push_back(runs[i].run_number);
    Statement statement;
    statement.add("SELECT r.run_number FROM runs r WHERE r.run_number IN ").bind_list(numbers);
    statement.add(" AND ").add(scope_condition(scope_, true)).add(" AND ").add(parts_.condition);
    if (wanted.part == Part::rest) {
      statement.add(" AND NOT EXISTS (SELECT 1 FROM ").add(table_of(valued_.order().entity));
      statement.add(" o WHERE o.run_number = r.run_number AND o.key = ").bind(valued_.order().key);
      statement.add(valued_.order().entity == Entity::metric ? " AND o.is_nan = 0)" : ")");
    }
    CICLO_CHECK(statement.scan(session_, [&](const sql::RowView& row) {
      met.insert(row.integer(0));
      return true;
    }));
  }
  std::vector<RunPosition> found;
  std::ranges::copy_if(runs, std::back_inserter(found),
                       [&](const RunPosition& position) { return met.contains(position.run_number); });
  return found;
}

Result<const RunSet*> WalkSearch::matching() {
  if (matching_) return &*matching_;
  CICLO_TRY(greatest_, RunSetSearch::greatest_run(session_));
  CICLO_TRY(matching_, RunSetSearch(session_, scope_, greatest_).matching(parts_.expression));
  return &*matching_;
}

std::string WalkSearch::token_of(Part part, const RunPosition* position) const {
  const std::string purpose = marked(parts_.purpose, part == Part::valued ? valued_mark : rest_mark);
  if (position == nullptr) return make_page_token(purpose, Json(nullptr));
  return make_page_token(purpose,
                         Json::array({position->number, position->text, position->start_time, position->run_number}));
}

Result<std::optional<RunPosition>> WalkSearch::position_in(const Json& token) const {
  if (token.is_null()) return std::nullopt;
  const bool is_valid = token.is_array() && token.size() == 4 && token[0].is_number() && token[1].is_string() &&
                        token[2].is_number_integer() && token[3].is_number_integer();
  if (!is_valid) return fail(ErrorCode::invalid, "Invalid page token", "page_token");
  return RunPosition{.number = token[0].get<double>(),
                     .text = token[1].get<std::string>(),
                     .start_time = token[2].get<std::int64_t>(),
                     .run_number = token[3].get<std::int64_t>()};
}

}  // namespace ciclo::tracking
