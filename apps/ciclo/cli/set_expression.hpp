// `--set a.b=1 list[0].x=text "tags.key with blanks=a=b#c"`: puts values into a document, making what is missing on the
// way.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::cli {

// Everything behind the first `=` is the value, `#` and `:` included. It becomes what it looks like: JSON null, true,
// false, a number, an object or list in JSON form; a text otherwise, and when it stands in double quotes. Fails with
// invalid: no `=`, an empty key, an index into what is no list or past its end by more than one.
Result<void> apply_set(Json& document, std::string_view expression);

// The value a text looks like, as above.
Json guess_value(std::string_view text);

}  // namespace ciclo::cli
