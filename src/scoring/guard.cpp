#include "scoring/guard.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/text.hpp"

namespace ciclo::scoring {
namespace {

std::string_view bearer_of(const http::Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto header = request.headers.find("authorization").value_or("");
  if (header.size() <= scheme.size() || !iequals(header.substr(0, scheme.size()), scheme)) return {};
  return trim(header.substr(scheme.size()));
}

bool is_known(const AuthSettings& auth, const std::string& sum, const Clock& clock) {
  bool known = false;
  // No early end: the time must not tell which one matched.
  for (const auto& key : auth.key_sha256) known |= equal_in_constant_time(key, sum);
  for (const auto& token : auth.tokens) {
    known |= equal_in_constant_time(token.sha256, sum) && (!token.expires_at || clock.now() < *token.expires_at);
  }
  return known;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  // Looking the algorithm up costs more than the sum itself, so each thread keeps a ready context.
  struct Context {
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  };
  thread_local Context state;
  std::array<unsigned char, 32> sum{};
  EVP_DigestInit_ex2(state.context.get(), state.algorithm.get(), nullptr);
  EVP_DigestUpdate(state.context.get(), text.data(), text.size());
  EVP_DigestFinal_ex(state.context.get(), sum.data(), nullptr);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * sum.size());
  for (const auto byte : sum) {
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

Result<void> ScorerGuard::admit(const http::Route& route, http::Request& request) {
  const auto snapshot = endpoint_.snapshot();
  const auto& auth = snapshot->settings.auth;
  const bool is_control = route.action == control_action;
  if (!is_control && !auth.required) return {};
  const auto token = bearer_of(request);
  if (token.empty()) {
    return fail(ErrorCode::unauthenticated, "this endpoint needs a key", {},
                "send the header 'Authorization: Bearer <key>'");
  }
  const auto sum = sha256_hex(token);
  const bool known = is_control ? !auth.control_sha256.empty() && equal_in_constant_time(auth.control_sha256, sum)
                                : is_known(auth, sum, endpoint_.clock());
  if (!known) return fail(ErrorCode::unauthenticated, "this key is not valid here");
  request.principal = is_control ? "control" : "endpoint-key";
  return {};
}

}  // namespace ciclo::scoring
