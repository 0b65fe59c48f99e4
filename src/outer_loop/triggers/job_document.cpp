#include "outer_loop/triggers/job_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "resources/reference.hpp"

namespace ciclo::outer_loop {

Result<Json> job_document(const JobSource& source, const Json& job) {
  Json document = job;
  if (job.is_string()) {
    CICLO_TRY(const resources::Reference reference, resources::parse_reference(job.get<std::string>()));
    const resources::ResourceKey key{
        .workspace = source.workspace, .kind = "job", .parent = {}, .name = reference.name, .version = {}};
    CICLO_TRY(const resources::Resource existing, source.store.get(source.session, key));
    document = existing.spec;
  }
  if (!document.is_object()) return fail(ErrorCode::invalid, "the job is neither a document nor a reference", "/job");
  document.erase("name");
  document.erase("$schema");
  if (text_or(document, "experiment_name").empty()) document["experiment_name"] = source.default_experiment;
  return document;
}

void override_job(Json& document, const Json& overrides) {
  static constexpr std::array<std::string_view, 3> kMaps{"inputs", "outputs", "settings"};
  for (const auto& [key, value] : overrides.items()) {
    if (value.is_null()) continue;
    const bool by_member = std::ranges::find(kMaps, key) != kMaps.end();
    if (!by_member || !member(document, key).is_object() || !value.is_object()) {
      document[key] = value;
      continue;
    }
    for (const auto& [name, item] : value.items()) document[key][name] = item;
  }
}

Result<void> set_by_path(Json& document, const Json& values) {
  for (const auto& [path, value] : values.items()) {
    Json* place = &document;
    for (const std::string& part : split(path, '.')) {
      if (part.empty() || !(place->is_object() || place->is_null())) {
        return fail(ErrorCode::invalid, fmt::format("'{}' is no path into the job", path),
                    "/action/create_job/set/" + escape_pointer_token(path));
      }
      place = &(*place)[part];
    }
    *place = value;
  }
  return {};
}

}  // namespace ciclo::outer_loop
