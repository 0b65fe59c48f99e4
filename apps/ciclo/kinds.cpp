#include "kinds.hpp"

#include "administration/kinds.hpp"
#include "data_estate/kinds.hpp"
#include "inner_loop/jobs/kinds.hpp"
#include "monitoring/kinds.hpp"
#include "outer_loop/endpoints/kinds.hpp"
#include "outer_loop/gates/kinds.hpp"
#include "outer_loop/triggers/kinds.hpp"
#include "registry/kinds.hpp"

namespace ciclo {

Result<void> add_kinds(resources::KindTable& kinds, const KindParts& parts) {
  CICLO_CHECK(kinds.add(administration::workspace_kind(parts.administration)));
  CICLO_CHECK(kinds.add(administration::role_kind(parts.administration.access)));
  CICLO_CHECK(kinds.add(data_estate::datastore_kind(parts.vault)));
  CICLO_CHECK(kinds.add(data_estate::data_kind(parts.locations, parts.blobs)));
  CICLO_CHECK(kinds.add(inner_loop::environment_kind()));
  CICLO_CHECK(kinds.add(inner_loop::compute_kind()));
  CICLO_CHECK(kinds.add(inner_loop::component_kind()));
  CICLO_CHECK(kinds.add(inner_loop::job_kind(parts.locations, parts.server_url)));
  CICLO_CHECK(kinds.add(registry::model_kind(parts.inspector)));
  CICLO_CHECK(kinds.add(outer_loop::online_endpoint_kind(parts.endpoint_keys, parts.endpoint_identities)));
  CICLO_CHECK(kinds.add(outer_loop::online_deployment_kind(parts.locations)));
  CICLO_CHECK(kinds.add(outer_loop::approval_kind()));
  CICLO_CHECK(kinds.add(outer_loop::trigger_kind()));
  CICLO_CHECK(kinds.add(monitoring::schedule_kind()));
  return {};
}

}  // namespace ciclo
