// References to secrets in texts: ${{secrets.name}} means the newest version, ${{secrets.name:3}} that one. They stand
// in environment variables, alone or within other text ("postgresql://app:${{secrets.db}}@host/db").
//
// Thread safety: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace ciclo::administration {

inline constexpr std::size_t longest_secret_name = 127;
inline constexpr std::size_t most_references_in_text = 64;

// Letters, digits, '-' and '_'; at most 127 characters. Fails with invalid at "/name".
Result<void> check_secret_name(std::string_view name);

struct SecretReference {
  std::string name;
  std::int64_t version = 0;  // 0: the newest when it is used

  std::string text() const;  // without inner blanks
  bool operator==(const SecretReference&) const = default;
};

// A stretch of a text: plain, or a reference.
struct SecretTextPiece {
  std::string text;
  std::optional<SecretReference> reference;
};

// Other ${{…}} are plain text here. Fails with invalid when a reference is malformed.
Result<std::vector<SecretTextPiece>> parse_secret_text(std::string_view text);
// Quick: whether there is anything for parse_secret_text() to find.
bool mentions_secret(std::string_view text);

// All references in the texts of an object of name: value. Error targets lie below `pointer`.
Result<std::vector<SecretReference>> references_in_variables(const Json& variables, const std::string& pointer);

}  // namespace ciclo::administration
