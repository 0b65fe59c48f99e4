// All kinds of resources, one line each. The server and the command line are both made from this table.
#pragma once

#include <functional>
#include <string>

#include "administration/kinds.hpp"
#include "administration/secrets/vault.hpp"
#include "base/error.hpp"
#include "data_estate/locations.hpp"
#include "outer_loop/endpoints/endpoint_identity.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "platform/blobs/blob_store.hpp"
#include "registry/inspector.hpp"
#include "resources/kind.hpp"

namespace ciclo {

// What the kinds' checks look things up in. All null on the command line, where no check runs.
struct KindParts {
  administration::AdministrationKindParts administration;
  const administration::Vault* vault = nullptr;
  const data_estate::Locations* locations = nullptr;
  blobs::BlobStore* blobs = nullptr;
  const registry::ModelInspector* inspector = nullptr;
  const outer_loop::EndpointKeys* endpoint_keys = nullptr;
  const outer_loop::EndpointIdentities* endpoint_identities = nullptr;
  std::function<std::string()> server_url;
};

Result<void> add_kinds(resources::KindTable& kinds, const KindParts& parts);

}  // namespace ciclo
