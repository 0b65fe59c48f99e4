#include "registry/search_domain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "registry/kinds.hpp"
#include "registry/model_index.hpp"

namespace ciclo::registry {
namespace {

using tracking::ColumnType;
using tracking::Comparator;
using tracking::Comparison;
using tracking::Entity;
using tracking::Expression;
using tracking::SearchColumn;
using tracking::Statement;

// Looking at a row by its key costs several times a step of a walk; above this many the order is walked.
constexpr std::size_t few = 5000;
constexpr std::size_t max_candidates = 4;
constexpr std::string_view prompt_attribute = "is_prompt";

std::optional<SearchColumn> model_attribute(std::string_view name) {
  if (name == "name") return SearchColumn{.sql = "m.name"};
  if (name == "description") return SearchColumn{.sql = "m.description"};
  if (name == "user_id") return SearchColumn{.sql = "m.user_id"};
  if (name == prompt_attribute) return SearchColumn{.sql = "m.is_prompt"};
  if (name == "creation_timestamp") return SearchColumn{.sql = "m.created_ms", .type = ColumnType::integer};
  if (name == "last_updated_timestamp" || name == "timestamp")
    return SearchColumn{.sql = "m.updated_ms", .type = ColumnType::integer};
  return std::nullopt;
}

std::optional<SearchColumn> version_attribute(std::string_view name) {
  if (name == "name") return SearchColumn{.sql = "v.name"};
  if (name == "version_number" || name == "version")
    return SearchColumn{.sql = "v.version_number", .type = ColumnType::integer};
  if (name == "run_id") return SearchColumn{.sql = "v.run_id"};
  if (name == "source_path" || name == "source") return SearchColumn{.sql = "v.source"};
  if (name == "current_stage" || name == "stage") return SearchColumn{.sql = "v.stage"};
  if (name == "model_id") return SearchColumn{.sql = "v.model_id"};
  if (name == "description") return SearchColumn{.sql = "v.description"};
  if (name == "user_id") return SearchColumn{.sql = "v.user_id"};
  if (name == prompt_attribute) return SearchColumn{.sql = "v.is_prompt"};
  if (name == "creation_timestamp") return SearchColumn{.sql = "v.created_ms", .type = ColumnType::integer};
  if (name == "last_updated_timestamp") return SearchColumn{.sql = "v.updated_ms", .type = ColumnType::integer};
  return std::nullopt;
}

// Finds what an expression says of prompts, and puts into the words of the tables what those store otherwise: the tag
// that makes a prompt is a column, a missing text is ''.
bool rewrite(Expression& expression, const tracking::Domain& domain) {
  bool mentions_prompts = false;
  for (Expression& child : expression.children) mentions_prompts |= rewrite(child, domain);
  if (expression.kind != Expression::Kind::comparison) return mentions_prompts;
  Comparison& comparison = expression.comparison;
  const bool is_null = comparison.comparator == Comparator::is_null;
  if (comparison.entity == Entity::tag && comparison.key == prompt_tag) {
    comparison.entity = Entity::attribute;
    comparison.key = prompt_attribute;
    for (tracking::Literal& value : comparison.values) value = {.text = to_lower(value.text), .number = std::nullopt};
    if (!comparison.values.empty()) return true;
    comparison.values = {{.text = is_null ? "false" : "true", .number = std::nullopt}};
    comparison.comparator = Comparator::equal;
    return true;
  }
  const auto column = comparison.entity == Entity::attribute ? domain.attribute(comparison.key) : std::nullopt;
  if (column && column->type == ColumnType::text && comparison.values.empty()) {
    comparison.values = {{.text = "", .number = std::nullopt}};
    comparison.comparator = is_null ? Comparator::equal : Comparator::not_equal;
  }
  return mentions_prompts;
}

void collect(const Expression& expression, std::vector<const Comparison*>& found) {
  if (expression.kind == Expression::Kind::comparison) found.push_back(&expression.comparison);
  if (expression.kind != Expression::Kind::all) return;
  for (const Expression& child : expression.children) collect(child, found);
}

// The keys of the rows that meet a clause, from an index alone; of tags a superset, by hash.
std::optional<Statement> from_index(const SearchTable& table, const std::string& workspace,
                                    const Comparison& comparison) {
  Statement out;
  if (comparison.entity == Entity::tag && comparison.comparator == Comparator::equal) {
    out.add(table.tag_rows).add("c.workspace = ").bind(workspace).add(" AND c.key = ").bind(comparison.key);
    out.add(" AND c.value_hash = ").bind(value_hash(comparison.values.front().text));
    return out;
  }
  if (comparison.entity != Entity::attribute) return std::nullopt;
  const auto known =
      std::ranges::find(table.indexed, comparison.key, &std::pair<std::string_view, std::string_view>::first);
  if (known == table.indexed.end()) return std::nullopt;
  if (comparison.comparator != Comparator::equal && comparison.comparator != Comparator::in) return std::nullopt;
  std::vector<std::string> texts;
  for (const tracking::Literal& value : comparison.values) texts.push_back(value.text);
  out.add(table.rows)
      .add("c.workspace = ")
      .bind(workspace)
      .add(" AND ")
      .add(known->second)
      .add(" IN ")
      .bind_list(texts);
  return out;
}

Result<std::optional<Statement>> find_driver(sql::Session& session, const SearchTable& table,
                                             const RegistrySearch& request, const Expression& expression) {
  std::vector<const Comparison*> comparisons;
  collect(expression, comparisons);
  std::optional<Statement> best;
  std::size_t best_count = few + 1;
  std::size_t candidates = 0;
  for (const Comparison* comparison : comparisons) {
    auto rows = from_index(table, request.workspace, *comparison);
    if (!rows) continue;
    if (++candidates > max_candidates) break;
    Statement counting;
    counting.add("SELECT COUNT(*) FROM (").add(*rows).add(" LIMIT ").bind(best_count).add(") x");
    CICLO_TRY(const auto counted, counting.query(session));
    const auto count = static_cast<std::size_t>(counted.empty() ? 0 : counted.front().integer(0));
    if (count >= best_count) continue;
    best_count = count;
    best = std::move(rows);
  }
  return best;
}

Result<tracking::SortPlan> sort_of(const SearchTable& table, const RegistrySearch& request) {
  std::vector<tracking::Order> orders;
  std::set<std::string> seen;
  const auto name_of_column = [&](const tracking::Order& order) {
    const auto column = order.entity == Entity::attribute ? table.domain.attribute(order.key) : std::nullopt;
    return column ? std::string(column->sql) : fmt::format("tag {}", order.key);
  };
  for (const std::string& text : request.order_by) {
    CICLO_TRY(auto order, tracking::parse_order(text));
    if (!seen.insert(name_of_column(order)).second) {
      return fail(ErrorCode::invalid, "`order_by` contains duplicate fields: " + join(request.order_by, ", "),
                  "order_by", "name each field once");
    }
    orders.push_back(std::move(order));
  }
  std::vector<std::string> own = request.order_by.empty() ? table.first : std::vector<std::string>();
  own.insert(own.end(), table.then.begin(), table.then.end());
  for (const std::string& text : own) {
    CICLO_TRY(auto order, tracking::parse_order(text));
    if (seen.insert(name_of_column(order)).second) orders.push_back(std::move(order));
  }
  return tracking::sort_plan(table.domain, orders, table.last);
}

}  // namespace

const SearchTable& model_table() {
  static const SearchTable table{
      .domain = {.noun = "registered model",
                 .attribute = model_attribute,
                 .attribute_names = {"name", "description", "user_id", "creation_timestamp", "last_updated_timestamp"},
                 .metrics = {},
                 .params = {},
                 .tags = {.table = "registry_model_tags",
                          .owner = "c.workspace = m.workspace AND c.name = m.name",
                          .also = {}},
                 .datasets = {}},
      .from = "registry_models m",
      .row_key = "m.name",
      .tag_rows = "SELECT c.name FROM registry_model_tags c WHERE ",
      .rows = "SELECT c.name FROM registry_models c WHERE ",
      .indexed = {{"name", "c.name"}},
      .first = {},
      .then = {"name ASC"},
      .last = {}};
  return table;
}

const SearchTable& version_table() {
  static const SearchTable table{
      .domain = {.noun = "model version",
                 .attribute = version_attribute,
                 .attribute_names = {"name", "version_number", "run_id", "source_path", "current_stage", "model_id",
                                     "description", "user_id", "creation_timestamp", "last_updated_timestamp"},
                 .metrics = {},
                 .params = {},
                 .tags = {.table = "registry_version_tags", .owner = "c.sequence = v.sequence", .also = {}},
                 .datasets = {}},
      .from = "registry_versions v",
      .row_key = "v.sequence",
      .tag_rows = "SELECT c.sequence FROM registry_version_tags c WHERE ",
      .rows = "SELECT c.sequence FROM registry_versions c WHERE ",
      .indexed = {{"name", "c.name"}, {"run_id", "c.run_id"}, {"model_id", "c.model_id"}},
      .first = {"last_updated_timestamp DESC"},
      .then = {"name ASC", "version_number DESC"},
      .last = {
          {.expression = {.text = "v.sequence", .parameters = {}}, .type = ColumnType::integer, .ascending = false}}};
  return table;
}

Result<SearchPlan> plan_of(sql::Session& session, const SearchTable& table, const RegistrySearch& request) {
  CICLO_TRY(auto expression, tracking::parse_filter(request.filter));
  const bool mentions_prompts = rewrite(expression, table.domain);
  SearchPlan plan;
  CICLO_TRY(plan.condition, tracking::condition_sql(table.domain, expression, session.dialect()));
  if (!mentions_prompts)
    plan.condition.add(" AND ").add(table.domain.attribute(prompt_attribute)->sql).add(" = 'false'");
  CICLO_TRY(plan.sort, sort_of(table, request));
  plan.purpose =
      fmt::format("{}\n{}\n{}\n{}", table.domain.noun, request.workspace, request.filter, join(request.order_by, ","));
  CICLO_TRY(plan.after, tracking::after_sql(plan.purpose, plan.sort, request.page_token));
  CICLO_TRY(plan.driver, find_driver(session, table, request, expression));
  return plan;
}

}  // namespace ciclo::registry
