// Any bytes as Base32, recovery code, cookie header, origin, one-time code and Basic credentials: nothing crashes, and
// what is taken is what it says.
#include <cstdint>
#include <cstdlib>

#include "administration/sign_in/basic_credentials.hpp"
#include "administration/sign_in/cookies.hpp"
#include "administration/sign_in/one_time_code.hpp"

namespace {

using namespace ciclo::administration;  // NOLINT(google-build-using-namespace)

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);  // NOLINT(cppcoreguidelines-pro-bounds-pointer-arithmetic)
  if (size <= 512) require(from_base32(base32(text)) == text);
  if (const auto bytes = from_base32(text)) require(from_base32(base32(*bytes)) == *bytes);
  if (const auto code = recovery_code_of(text)) require(code->size() == 16 && recovery_code_of(*code) == code);
  ciclo::http::Headers headers;
  headers.set("cookie", text);
  if (const auto cookie = cookie_of(headers, "ciclo_session")) require(cookie->find(';') == std::string_view::npos);
  headers.set("origin", text);
  headers.set("host", text);
  const bool is_same = ciclo::administration::require_same_origin(headers, "https://ciclo.example.org").has_value();
  require(is_same == (origin_of_url(text) == "https://ciclo.example.org"));
  (void)require_same_origin(headers, "").has_value();
  headers.set("authorization", "Basic " + text);
  if (const auto basic = basic_credentials_of(headers); basic && *basic)
    require((*basic)->name.find(':') == std::string::npos && (*basic)->name.size() < text.size());
  const ciclo::TimePoint now(ciclo::Milliseconds(1'700'000'000'000));
  if (matching_step(text, text, now, 0)) require(text.size() == 6);
  return 0;
}
