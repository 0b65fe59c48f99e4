// Searches of the registry. Registered models and versions are few beside runs: they are read through the resource
// store and looked at in memory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.hpp"
#include "inner_loop/tracking/filter.hpp"
#include "inner_loop/tracking/search_sql.hpp"
#include "registry/kinds.hpp"
#include "registry/service.hpp"

namespace ciclo::registry {
namespace {

using resources::Container;
using resources::Resource;
using tracking::Comparison;
using tracking::Entity;
using tracking::Expression;

// The attributes that a search knows, with those that are numbers.
struct Vocabulary {
  std::string_view noun;
  std::vector<std::string> texts;
  std::vector<std::string> numbers;
  std::vector<std::string> orders;
};

const Vocabulary& model_words() {
  static const Vocabulary words{
      "registered model", {"name"}, {}, {"name", "last_updated_timestamp", "creation_timestamp", "timestamp"}};
  return words;
}
const Vocabulary& version_words() {
  static const Vocabulary words{"model version",
                                {"name", "run_id", "source_path", "source", "current_stage"},
                                {"version_number", "version"},
                                {"name", "version_number", "last_updated_timestamp", "creation_timestamp"}};
  return words;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::ranges::find(list, word) != list.end();
}

Result<void> check_words(const Expression& expression, const Vocabulary& words) {
  for (const Expression& child : expression.children) CICLO_CHECK(check_words(child, words));
  if (expression.kind != Expression::Kind::comparison) return {};
  const Comparison& comparison = expression.comparison;
  if (comparison.entity == Entity::tag) return {};
  const bool is_known = comparison.entity == Entity::attribute &&
                        (contains(words.texts, comparison.key) || contains(words.numbers, comparison.key));
  if (is_known) return {};
  return fail(ErrorCode::invalid, fmt::format("Invalid attribute key '{}' of a {}", comparison.key, words.noun),
              "filter",
              fmt::format("valid keys are {}, {} and tags.<key>", join(words.texts, ", "), join(words.numbers, ", ")));
}

bool mentions(const Expression& expression, std::string_view tag) {
  if (expression.kind == Expression::Kind::comparison)
    return expression.comparison.entity == Entity::tag && expression.comparison.key == tag;
  return std::ranges::any_of(expression.children, [&](const Expression& child) { return mentions(child, tag); });
}

// The name that the filter asks for in any case, when it does: then only that name is read.
std::optional<std::string> only_name(const Expression& expression) {
  if (expression.kind == Expression::Kind::comparison) {
    const Comparison& comparison = expression.comparison;
    const bool is_name = comparison.entity == Entity::attribute && comparison.key == "name" &&
                         comparison.comparator == tracking::Comparator::equal;
    if (is_name) return comparison.values.front().text;
    return std::nullopt;
  }
  if (expression.kind == Expression::Kind::any) return std::nullopt;
  for (const Expression& child : expression.children)
    if (auto name = only_name(child)) return name;
  return std::nullopt;
}

bool tag_holds(const Json& tags, const Comparison& comparison) {
  const Json& value = member(tags, comparison.key);
  if (comparison.comparator == tracking::Comparator::is_null) return value.is_null();
  // MLflow: an item without the tag is not equal to any value.
  if (value.is_null()) return comparison.comparator == tracking::Comparator::not_equal;
  return tracking::text_matches(comparison, value.is_string() ? value.get<std::string>() : to_text(value));
}

double version_number(const Resource& version) {
  return parse_double(version.key.version).value_or(0);
}

bool version_holds(const Resource& version, const Comparison& comparison) {
  if (comparison.entity == Entity::tag) return tag_holds(version.tags, comparison);
  if (comparison.key == "version_number" || comparison.key == "version")
    return tracking::number_matches(comparison, version_number(version));
  if (comparison.key == "run_id") return tracking::text_matches(comparison, text_or(version.status, "run_id"));
  if (comparison.key == "current_stage")
    return tracking::text_matches(comparison, text_or(version.status, "stage", "None"));
  if (comparison.key == "name") return tracking::text_matches(comparison, version.key.name);
  return tracking::text_matches(comparison, text_or(version.spec, "path"));
}

// How an item is sorted and found again: numbers and texts of its sort keys, ended by what makes it unique.
using SortKey = std::vector<Json>;

struct Sorting {
  std::vector<std::pair<std::string, bool>> terms;  // attribute, ascending
};

Result<Sorting> sorting_of(const RegistrySearch& request, const Vocabulary& words,
                           const std::vector<std::pair<std::string, bool>>& tail) {
  Sorting sorting;
  for (const std::string& text : request.order_by) {
    CICLO_TRY(const auto order, tracking::parse_order(text));
    if (order.entity != Entity::attribute || !contains(words.orders, order.key)) {
      return fail(ErrorCode::invalid, fmt::format("Invalid order_by '{}' of a {}", text, words.noun), "order_by",
                  fmt::format("valid keys are {}", join(words.orders, ", ")));
    }
    sorting.terms.emplace_back(order.key, order.ascending);
  }
  sorting.terms.insert(sorting.terms.end(), tail.begin(), tail.end());
  return sorting;
}

bool comes_before(const SortKey& a, const SortKey& b, const Sorting& sorting) {
  for (std::size_t i = 0; i < sorting.terms.size(); ++i) {
    if (a[i] == b[i]) continue;
    return sorting.terms[i].second ? a[i] < b[i] : b[i] < a[i];
  }
  return false;
}

template <class Item>
struct Keyed {
  SortKey key;
  Item item;
};

// Sorts, goes on after the token, cuts.
template <class Item>
Result<tracking::Page<Item>> page_of(std::vector<Keyed<Item>> items, const RegistrySearch& request,
                                     const Sorting& sorting, std::string_view noun) {
  const auto before = [&](const Keyed<Item>& a, const Keyed<Item>& b) { return comes_before(a.key, b.key, sorting); };
  std::ranges::sort(items, before);
  const std::string purpose =
      fmt::format("{}\n{}\n{}\n{}", noun, request.workspace, request.filter, join(request.order_by, ","));
  auto first = items.begin();
  if (!request.page_token.empty()) {
    CICLO_TRY(const auto position, tracking::read_page_token(purpose, request.page_token));
    if (!position.is_array() || position.size() != sorting.terms.size())
      return fail(ErrorCode::invalid, "Invalid page token", "page_token");
    const SortKey after(position.begin(), position.end());
    first =
        std::ranges::find_if(items, [&](const Keyed<Item>& item) { return comes_before(after, item.key, sorting); });
  }
  tracking::Page<Item> page;
  for (; first != items.end() && page.items.size() < request.max_results; ++first)
    page.items.push_back(std::move(first->item));
  if (first != items.end() && first != items.begin()) {
    page.next_page_token = tracking::make_page_token(purpose, Json(std::prev(first)->key));
  }
  return page;
}

SortKey key_of_model(const Container& model, const Sorting& sorting) {
  SortKey key;
  for (const auto& [term, ascending] : sorting.terms) {
    if (term == "name") key.emplace_back(model.name);
    else key.emplace_back(to_unix_ms(term == "creation_timestamp" ? model.created_at : model.updated_at));
  }
  return key;
}

SortKey key_of_version(const Resource& version, const Sorting& sorting) {
  SortKey key;
  for (const auto& [term, ascending] : sorting.terms) {
    if (term == "name") key.emplace_back(version.key.name);
    else if (term == "version_number") key.emplace_back(version_number(version));
    else if (term == "sequence") key.emplace_back(version.sequence);
    else key.emplace_back(to_unix_ms(term == "creation_timestamp" ? version.created_at : version.updated_at));
  }
  return key;
}

resources::ListRequest list_of(const RegistrySearch& request) {
  resources::ListRequest list{.workspace = request.workspace, .kind = "model"};
  list.only_names = request.only_names;
  return list;
}

// Every item of a listing, page by page.
template <class Item, class List>
Result<std::vector<Item>> all_of(resources::ListRequest request, List list) {
  std::vector<Item> items;
  request.limit = 1000;
  do {
    CICLO_TRY(auto page, list(request));
    for (Item& item : page.items) items.push_back(std::move(item));
    request.page_token = page.next_page_token;
  } while (!request.page_token.empty());
  return items;
}

}  // namespace

Result<tracking::Page<RegisteredModel>> RegistryService::search_models(const RegistrySearch& request) {
  CICLO_TRY(const auto expression, tracking::parse_filter(request.filter));
  CICLO_CHECK(check_words(expression, model_words()));
  CICLO_TRY(const auto sorting, sorting_of(request, model_words(), {{"name", true}}));
  const bool with_prompts = mentions(expression, "mlflow.prompt.is_prompt");
  return resources_.parts().database.read([&](sql::Session& session) -> Result<tracking::Page<RegisteredModel>> {
    CICLO_TRY(auto containers, all_of<Container>(list_of(request), [&](const auto& list) {
                return resources_.parts().store.list_containers(session, list);
              }));
    std::vector<Keyed<Container>> found;
    for (Container& model : containers) {
      if (!with_prompts && is_prompt(model.tags)) continue;
      const auto holds = [&](const Comparison& comparison) {
        if (comparison.entity == Entity::tag) return tag_holds(model.tags, comparison);
        return tracking::text_matches(comparison, model.name);
      };
      if (!tracking::evaluate(expression, holds)) continue;
      SortKey key = key_of_model(model, sorting);
      found.push_back({std::move(key), std::move(model)});
    }
    CICLO_TRY(auto page, page_of(std::move(found), request, sorting, "registered models"));
    tracking::Page<RegisteredModel> answer{.items = {}, .next_page_token = std::move(page.next_page_token)};
    for (Container& model : page.items) {
      CICLO_TRY(auto filled, with_versions(session, std::move(model)));
      answer.items.push_back(std::move(filled));
    }
    return answer;
  });
}

Result<tracking::Page<Resource>> RegistryService::search_versions(const RegistrySearch& request) {
  CICLO_TRY(const auto expression, tracking::parse_filter(request.filter));
  CICLO_CHECK(check_words(expression, version_words()));
  CICLO_TRY(const auto sorting,
            sorting_of(request, version_words(), {{"last_updated_timestamp", false}, {"sequence", false}}));
  const bool with_prompts = mentions(expression, "mlflow.prompt.is_prompt");
  resources::ListRequest list = list_of(request);
  list.include_archived = true;
  list.name = only_name(expression);
  CICLO_TRY(auto versions, resources_.parts().database.read([&](sql::Session& session) {
    return all_of<Resource>(list, [&](const auto& page) { return resources_.parts().store.list(session, page); });
  }));
  std::vector<Keyed<Resource>> found;
  for (Resource& version : versions) {
    if (!with_prompts && is_prompt(version.tags)) continue;
    if (!tracking::evaluate(expression,
                            [&](const Comparison& comparison) { return version_holds(version, comparison); }))
      continue;
    SortKey key = key_of_version(version, sorting);
    found.push_back({std::move(key), std::move(version)});
  }
  return page_of(std::move(found), request, sorting, "model versions");
}

}  // namespace ciclo::registry
