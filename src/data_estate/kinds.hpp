// The kinds of the data estate: data assets and datastores.
//
// Thread safety: the functions of a Kind are called from any thread.
#pragma once

#include "administration/secrets/vault.hpp"
#include "data_estate/locations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "resources/kind.hpp"

namespace ciclo::data_estate {

// uri_file, uri_folder and mltable assets. A version is only made when its path leads to something that is there; both
// arguments must outlive the kind. `locations` may be null for programs that only need the table (the command line):
// then nothing is looked up.
resources::Kind data_kind(const Locations* locations, blobs::BlobStore* blobs);

// Credentials are kept in the vault; without one they are dropped.
resources::Kind datastore_kind(const administration::Vault* vault = nullptr);

}  // namespace ciclo::data_estate
