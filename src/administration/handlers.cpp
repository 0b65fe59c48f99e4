#include "administration/handlers.hpp"

namespace ciclo::administration {

Result<void> add_administration_routes(http::Router& router, const AdministrationParts& parts) {
  CICLO_CHECK(add_identity_routes(router, parts));
  CICLO_CHECK(add_assignment_routes(router, parts));
  CICLO_CHECK(add_group_routes(router, parts));
  return add_activation_routes(router, parts);
}

}  // namespace ciclo::administration
