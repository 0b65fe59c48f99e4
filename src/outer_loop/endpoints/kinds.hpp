// The kinds online-endpoint and online-deployment.
//
// An endpoint's status: provisioning_state, scoring_uri, port, error. A deployment's:
//   provisioning_state        Creating, Updating, Succeeded, Failed
//   provisioned_generation    which state of the spec the scorer took, or refused
//   model, model_name, model_version, model_location {"workspace","key"}, model_asset   what model: means now
//   code_location             the same for code_configuration.code
//   environment, environment_key {"workspace","name","version"}   what environment: means now, when it names one
//   error {"message","hint","log"}
//
// Thread safety: the functions of a Kind are called from any thread.
#pragma once

#include "data_estate/locations.hpp"
#include "outer_loop/endpoints/endpoint_identity.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "resources/kind.hpp"

namespace ciclo::outer_loop {

// Both must outlive the kind; null for programs that only need the table (the command line).
resources::Kind online_endpoint_kind(const EndpointKeys* keys, const EndpointIdentities* identities = nullptr);
// `locations` likewise.
resources::Kind online_deployment_kind(const data_estate::Locations* locations);

resources::ResourceKey endpoint_key(const std::string& workspace, const std::string& name);
// key, aml_token or aad_token, however the document writes it.
std::string auth_mode_of(const resources::Resource& endpoint);
// Whether callers may send one of the two keys; tokens are taken in every mode.
bool takes_keys(const resources::Resource& endpoint);
// Of an endpoint, in the order they were made.
Result<std::vector<resources::Resource>> deployments_of(sql::Session& session, const resources::ResourceStore& store,
                                                        const resources::ResourceKey& endpoint);

}  // namespace ciclo::outer_loop
