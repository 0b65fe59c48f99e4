// What the files of the store share; for this folder alone.
#pragma once

#include "resources/store.hpp"

namespace ciclo::resources {

// Adds the keyset condition of the request's page token.
Result<void> add_page_filter(const ListRequest& request, std::string& where, std::vector<sql::Value>& parameters);
// Adds ListRequest::only_names.
void add_names_filter(const ListRequest& request, std::string_view column, std::string& where,
                      std::vector<sql::Value>& parameters);
// The request's limit within 1…1000.
std::size_t page_limit(const ListRequest& request);
// How many values of a list go into one statement.
inline constexpr std::size_t list_piece = 500;
// "?,?,?"
std::string placeholders(std::size_t count);
// Makes the container of a version that was just inserted, or notes the time.
Result<void> touch_container(sql::Session& session, const Resource& version);
// So that the number of this version is never given to another, even when it is gone.
Result<void> keep_number(sql::Session& session, const ResourceKey& version);

}  // namespace ciclo::resources
