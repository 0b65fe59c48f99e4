// What the searches of the registry know of their tables: attributes, tags, which clauses an index answers. See
// model_index.hpp for the tables, inner_loop/tracking/search_sql.hpp for how SQL is made of it.
//
// Thread safety: pure functions over the session they are handed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inner_loop/tracking/search_sql.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {

// One of the two things that are searched.
struct SearchTable {
  tracking::Domain domain;
  std::string_view from;      // "registry_models m"
  std::string_view row_key;   // "m.name": what a row is found again by
  std::string_view tag_rows;  // "SELECT c.name FROM registry_model_tags c WHERE "
  std::string_view rows;      // "SELECT c.name FROM registry_models c WHERE "
  // Texts that an index answers, as columns of `rows`.
  std::vector<std::pair<std::string_view, std::string_view>> indexed;
  std::vector<std::string> first;        // what it is sorted by when nobody says, as order_by clauses
  std::vector<std::string> then;         // and after whatever comes before
  std::vector<tracking::SortTerm> last;  // what makes the order unique
};
const SearchTable& model_table();
const SearchTable& version_table();

struct SearchPlan {
  tracking::Statement condition;  // with what keeps prompts out
  tracking::SortPlan sort;
  tracking::Statement after;
  // Few rows that hold all the answer, read first; nothing when the order is walked instead.
  std::optional<tracking::Statement> driver;
  std::string purpose;  // of page tokens
};

// Fails with invalid for a filter, an order or a page token that makes no sense.
Result<SearchPlan> plan_of(sql::Session& session, const SearchTable& table, const RegistrySearch& request);

}  // namespace ciclo::registry
