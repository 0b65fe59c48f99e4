// A provider's description and key set as they come from the network: no input crashes, every address that is taken is
// https, and every key that is kept can be imported and fits an allowed algorithm.
#include <cstdlib>
#include <string>

#include "administration/oidc/discovery.hpp"
#include "administration/oidc/key_set.hpp"
#include "administration/oidc/settings.hpp"
#include "administration/oidc/token.hpp"

namespace {

using namespace ciclo::administration::oidc;  // NOLINT(google-build-using-namespace): one short program

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(data, data + size);
  const std::string issuer = "https://login.example.org";
  if (const auto metadata = parse_metadata(text, issuer)) {
    for (const std::string& url : {metadata->authorization_endpoint, metadata->token_endpoint, metadata->jwks_uri})
      if (!url.starts_with("https:") && !url.starts_with("HTTPS:")) std::abort();
  }
  if (const auto keys = KeySet::parse(text)) {
    const SignedToken token{
        .text = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", .algorithm = "ES256", .key_id = "", .type = "", .claims = {}};
    for (const JsonWebKey& key : keys->keys()) {
      if (!key.fits("RS256") && !key.fits("PS256") && !key.fits("ES256") && !key.fits("ES384") && key.algorithm.empty())
        std::abort();
      if (verify_signature(token, key)) std::abort();
    }
  }
  return 0;
}
