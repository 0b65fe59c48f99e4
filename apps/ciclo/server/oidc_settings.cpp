#include "server/oidc_settings.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "base/text.hpp"

namespace ciclo::server {
namespace {

using cli::Takes;

// Only the line itself: files are written with a line end.
Result<std::string> read_secret(const std::string& file) {
  static constexpr std::size_t longest = 4096;
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string secret(trim(text));
  if (in && !secret.empty() && secret.size() <= longest) return secret;
  return fail(ErrorCode::invalid, fmt::format("'{}' holds no secret", file), "--oidc-client-secret-file",
              "a readable file with the client's secret as its only line");
}

}  // namespace

std::vector<cli::Option> oidc_options() {
  return {{{"oidc-issuer"}, Takes::one, "People sign in at this OpenID Connect provider."},
          {{"oidc-client-id"}, Takes::one, "Ciclo's client id there."},
          {{"oidc-client-secret-file"}, Takes::one, "A file that holds the client's secret (none: a public client)."},
          {{"oidc-cli-client-id"}, Takes::one, "The command line's client id, where the other one has a secret."},
          {{"oidc-scopes"}, Takes::one, "What is asked for (default: openid profile email groups)."},
          {{"oidc-name-claim"}, Takes::one, "The claim that names a new user (default: preferred_username)."},
          {{"oidc-groups-claim"}, Takes::one, "The claim that lists groups, or a JSON pointer (default: groups)."},
          {{"oidc-audience"}, Takes::one, "Access tokens for this audience are taken too."},
          {{"oidc-ca-file"}, Takes::one, "A PEM file of the authority of the provider's certificate."}};
}

Result<std::optional<administration::oidc::Settings>> read_oidc_settings(const cli::Options& options) {
  if (!options.has("oidc-issuer")) {
    for (const cli::Option& option : oidc_options())
      if (const std::string& name = option.names.front(); name.starts_with("oidc-") && options.has(name))
        return fail(ErrorCode::invalid, fmt::format("--{} needs --oidc-issuer", name), "--oidc-issuer",
                    "give the provider's URL, or leave both out");
    return std::nullopt;
  }
  administration::oidc::Settings settings;
  settings.issuer = options.text("oidc-issuer");
  settings.client_id = options.text("oidc-client-id");
  settings.cli_client_id = options.text("oidc-cli-client-id");
  if (options.has("oidc-client-secret-file")) {
    CICLO_TRY(settings.client_secret, read_secret(options.text("oidc-client-secret-file")));
  }
  settings.scopes = options.find("oidc-scopes").value_or(settings.scopes);
  settings.claims.name = options.find("oidc-name-claim").value_or(settings.claims.name);
  settings.claims.groups = options.find("oidc-groups-claim").value_or(settings.claims.groups);
  settings.audience = options.text("oidc-audience");
  settings.authority_file = options.text("oidc-ca-file");
  CICLO_CHECK(administration::oidc::check_settings(settings));
  return settings;
}

}  // namespace ciclo::server
