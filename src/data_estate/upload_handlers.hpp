// Resumable uploads, of any size, below /api/v1/workspaces/{workspace}:
//   POST   /uploads               begins one: {"target", "size", "sha256"} → 201 with id and offset. Asked again by the
//                                 same caller for the same bytes at the same place it is 200 and goes on where it was
//   HEAD   /uploads/{id}          where it stands: Upload-Offset, Upload-Length, Upload-Complete. GET: the same as JSON
//   PATCH  /uploads/{id}          bytes from Upload-Offset on → 204 with the new Upload-Offset, once they are durable
//   POST   /uploads/{id}/complete {"sha256"} → 201; the file is there from then on, whole
//   DELETE /uploads/{id}          abandons it
// Terms and fields as in the IETF's "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload). An upload
// belongs to who began it; for others there is none.
//
// Targets: azureml://datastores/<datastore>/paths/<path>, runs:/<run>/<path>, mlflow-artifacts:/<path>.
#pragma once

#include "data_estate/locations.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/http/router.hpp"

namespace ciclo::data_estate {

// All must outlive the router.
Result<void> add_upload_routes(http::Router& router, const Locations& locations, blobs::BlobStore& blobs);

}  // namespace ciclo::data_estate
