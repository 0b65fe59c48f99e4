// All kinds of resources, one line each. The server and the command line are both made from this table.
#pragma once

#include "administration/access.hpp"
#include "base/error.hpp"
#include "resources/kind.hpp"

namespace ciclo {

// `access` may be null on the command line, where no check runs.
Result<resources::KindTable> make_kinds(administration::AccessService* access);

}  // namespace ciclo
