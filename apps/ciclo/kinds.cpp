#include "kinds.hpp"

#include "administration/kinds.hpp"

namespace ciclo {

Result<resources::KindTable> make_kinds(administration::AccessService* access) {
  resources::KindTable kinds;
  CICLO_CHECK(kinds.add(administration::workspace_kind(access)));
  return kinds;
}

}  // namespace ciclo
