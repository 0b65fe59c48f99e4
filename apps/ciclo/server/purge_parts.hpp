// What other modules keep about runs, logged models and experiments ends with them: one purge::Dependant each.
#pragma once

#include <filesystem>

#include "administration/access/access.hpp"
#include "inner_loop/purge/service.hpp"

namespace ciclo::server {

// `access` must outlive `purges`. `blobs`: the folder of the blob store, for uploads that were never finished.
void add_purge_parts(purge::PurgeService& purges, administration::AccessService& access, std::filesystem::path blobs);

}  // namespace ciclo::server
