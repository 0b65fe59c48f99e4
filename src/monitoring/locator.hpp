// Where references to data lead, by the data estate.
#pragma once

#include "data_estate/locations.hpp"
#include "monitoring/reference_data.hpp"
#include "platform/blobs/blob_store.hpp"

namespace ciclo::monitoring {

// Both must outlive this. Thread safety: safe from any thread.
class EstateLocator final : public DataLocator {
 public:
  EstateLocator(const data_estate::Locations& locations, blobs::BlobStore& blobs)
      : locations_(locations), blobs_(blobs) {}

  // Fails with unsupported for data that is not on this machine's disk.
  Result<LocatedData> locate(const resources::Caller& caller, const std::string& workspace,
                             const std::string& reference) override;

 private:
  const data_estate::Locations& locations_;
  blobs::BlobStore& blobs_;
};

}  // namespace ciclo::monitoring
