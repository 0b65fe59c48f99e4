#include "registry/import_service.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "inner_loop/tracking/import_merge.hpp"
#include "inner_loop/tracking/import_routes.hpp"

namespace ciclo::registry {
namespace {

using tracking::Imported;
using tracking::ImportOutcome;

std::vector<tracking::Tag> tags_of(const Json& tags) {
  std::vector<tracking::Tag> list;
  for (const auto& [key, value] : tags.items())
    list.push_back({key, value.is_string() ? value.get<std::string>() : to_text(value)});
  return list;
}

RegistryService::ModelChange change_of(const std::vector<tracking::Tag>& added) {
  RegistryService::ModelChange change;
  for (const tracking::Tag& tag : added) change.tags.emplace_back(tag.key, tag.value);
  return change;
}

// A failure that is the item's own, not the server's: told with the item.
bool is_of_item(const Error& error) {
  return error.code == ErrorCode::invalid || error.code == ErrorCode::not_found ||
         error.code == ErrorCode::already_exists || error.code == ErrorCode::conflict ||
         error.code == ErrorCode::unsupported || error.code == ErrorCode::too_large;
}

resources::CreateRequest document_of(const ImportedVersion& item) {
  const NewVersion& version = item.version;
  resources::CreateRequest create;
  create.workspace = version.model.workspace;
  create.kind = "model";
  create.document = {{"name", version.model.name}, {"version", item.number}, {"path", version.source}};
  if (!version.description.empty()) create.document["description"] = version.description;
  for (const tracking::Tag& tag : version.tags) create.document["tags"][tag.key] = tag.value;
  for (const auto& [key, value] :
       {std::pair("run_id", &version.run_id), {"run_link", &version.run_link}, {"model_id", &version.model_id}})
    if (!value->empty()) create.status[key] = *value;
  create.status["stage"] = item.stage.empty() ? "None" : item.stage;
  return create;
}

}  // namespace

Result<ImportOutcome> ModelImport::model(const Caller& caller, const ImportedModel& item) {
  const ModelName& name = item.model.model;
  ImportOutcome outcome{.id = name.name, .outcome = Imported::present, .differences = {}};
  const auto here = registry_.get_model(name);
  if (!here) {
    if (here.error().code != ErrorCode::not_found) return Failure(here.error());
    if (const auto made = registry_.create_model(caller, item.model); !made) {
      if (is_of_item(made.error())) return tracking::refused_import(name.name, made.error().message);
      return Failure(made.error());
    }
    CICLO_CHECK(resources_.parts().database.write([&](sql::Session& session) {
      return resources_.parts().store.set_container_times(session, key_of(name), from_unix_ms(item.creation_time),
                                                          from_unix_ms(item.last_update_time));
    }));
    outcome.outcome = Imported::added;
    return outcome;
  }
  const auto merge = tracking::merge_tags(tags_of(here->container.tags), item.model.tags, "tag");
  outcome.differences = merge.differences;
  if (here->container.description != item.model.description)
    outcome.differences.emplace_back("it has another description here");
  if (merge.added.empty()) return outcome;
  CICLO_CHECK(registry_.change_model(caller, name, change_of(merge.added)));
  outcome.outcome = Imported::changed;
  return outcome;
}

Result<void> ModelImport::create_version(const Caller& caller, const ImportedVersion& item) {
  return resources_.parts().database.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto made, resources_.create_in(session, caller, document_of(item)));
    return resources_.parts().store.set_times(session, made.key, from_unix_ms(item.creation_time),
                                              from_unix_ms(item.last_update_time));
  });
}

Result<void> ModelImport::add_aliases(const Caller& caller, const ImportedVersion& item, ImportOutcome& outcome) {
  if (item.aliases.empty()) return {};
  const ModelName& name = item.version.model;
  CICLO_TRY(const auto model, registry_.get_model(name));
  for (const std::string& alias : item.aliases) {
    const auto& labels = model.container.labels;
    const auto here = std::ranges::find_if(labels, [&](const auto& label) { return label.first == alias; });
    if (here != labels.end()) {
      if (here->second != item.number)
        outcome.differences.push_back(fmt::format("the alias '{}' is on version {} here", alias, here->second));
      continue;
    }
    if (const auto set = registry_.set_alias(caller, key_of(name, item.number), alias); !set) {
      if (!is_of_item(set.error())) return Failure(set.error());
      outcome.differences.push_back(set.error().message);
      continue;
    }
    if (outcome.outcome == Imported::present) outcome.outcome = Imported::changed;
  }
  return {};
}

Result<ImportOutcome> ModelImport::version(const Caller& caller, const ImportedVersion& item) {
  const ModelName& name = item.version.model;
  ImportOutcome outcome{
      .id = fmt::format("{}:{}", name.name, item.number), .outcome = Imported::present, .differences = {}};
  if (const auto number = parse_int(item.number); !number || *number < 1)
    return tracking::refused_import(outcome.id, "a version is a whole number from 1 on");
  const auto here = registry_.get_version(name, item.number);
  if (!here) {
    if (here.error().code != ErrorCode::not_found) return Failure(here.error());
    if (const auto made = create_version(caller, item); !made) {
      if (is_of_item(made.error())) return tracking::refused_import(outcome.id, made.error().message);
      return Failure(made.error());
    }
    outcome.outcome = Imported::added;
    CICLO_CHECK(add_aliases(caller, item, outcome));
    return outcome;
  }
  const std::string source = text_or(here->spec, "path");
  if (source != item.version.source)
    return tracking::refused_import(outcome.id, "another version has this number here");
  const auto merge = tracking::merge_tags(tags_of(here->tags), item.version.tags, "tag");
  outcome.differences = merge.differences;
  if (text_or(here->spec, "description") != item.version.description)
    outcome.differences.emplace_back("it has another description here");
  if (text_or(here->status, "stage", "None") != (item.stage.empty() ? "None" : item.stage))
    outcome.differences.emplace_back("it is in another stage here");
  if (!merge.added.empty()) {
    CICLO_CHECK(registry_.change_version(caller, here->key, change_of(merge.added)));
    outcome.outcome = Imported::changed;
  }
  CICLO_CHECK(add_aliases(caller, item, outcome));
  return outcome;
}

}  // namespace ciclo::registry
