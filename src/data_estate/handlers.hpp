// Routes of the data estate beside the generic ones, below /api/v1/workspaces/{workspace}:
//   PUT    /datastores/{datastore}/paths/{path*}   stores a file of any size; a SHA-256 in its headers is verified
//   GET    the same                                the file; ?list=true or ?recursive=true: what lies below a folder
//   DELETE the same                                the file or folder
#pragma once

#include "data_estate/locations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"

namespace ciclo::data_estate {

// All must outlive the router.
Result<void> add_datastore_routes(http::Router& router, const Locations& locations, blobs::BlobStore& blobs);

}  // namespace ciclo::data_estate
