#include "administration/oidc/settings.hpp"

#include <gtest/gtest.h>

#include "administration/oidc/discovery.hpp"
#include "administration/oidc/test_provider.hpp"

namespace ciclo::administration::oidc {
namespace {

TEST(OidcSettings, EachMistakeNamesItsOption) {
  const auto target = [](void (*change)(Settings&)) {
    Settings settings = testing::test_settings();
    change(settings);
    const auto checked = check_settings(settings);
    return checked ? "" : checked.error().target;
  };
  EXPECT_EQ(target([](Settings&) {}), "");
  EXPECT_EQ(target([](Settings& s) { s.issuer = "http://127.0.0.1:8080/realms/x"; }), "");
  for (const auto& wrong : {"", "login.example.org", "http://login.example.org", "ftp://login.example.org",
                            "https://login.example.org?x=1", "https://login.example.org#x", "https://a:b@example.org",
                            "http://127.0.0.1.example.org", "http://localhost.example.org", "https://"}) {
    Settings settings = testing::test_settings();
    settings.issuer = wrong;
    const auto checked = check_settings(settings);
    ASSERT_FALSE(checked) << wrong;
    EXPECT_EQ(checked.error().target, "--oidc-issuer");
  }
  EXPECT_EQ(target([](Settings& s) { s.client_id.clear(); }), "--oidc-client-id");
  EXPECT_EQ(target([](Settings& s) { s.scopes = "openidx profile"; }), "--oidc-scopes");
}

TEST(OidcSettings, TheCommandLineNeedsAClientWithoutASecret) {
  Settings settings = testing::test_settings();
  EXPECT_EQ(settings.client_of_command_line(), "ciclo-cli");
  settings.cli_client_id.clear();
  EXPECT_EQ(settings.client_of_command_line(), "ciclo");
  settings.client_secret = "secret";
  EXPECT_EQ(settings.client_of_command_line(), "");
}

class DiscoveryTest : public ::testing::Test {
 protected:
  Result<Metadata> parse(const Json& changes) const {
    Json document = provider_.metadata;
    if (changes.is_object()) merge_patch(document, changes);  // {} is null

    return parse_metadata(to_text(document), testing::issuer);
  }
  FakeClock clock_;
  testing::TestProvider provider_{clock_};
};

TEST_F(DiscoveryTest, TheDocumentIsRead) {
  const auto metadata = parse({});
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->token_endpoint, "https://login.example.org/token");
  EXPECT_EQ(metadata->device_authorization_endpoint, "https://login.example.org/device");
  EXPECT_TRUE(metadata->takes_secret_in_header);
  EXPECT_FALSE(parse({{"token_endpoint_auth_methods_supported", {"client_secret_post"}}})->takes_secret_in_header);
  EXPECT_TRUE(parse({{"token_endpoint_auth_methods_supported", {"client_secret_post", "client_secret_basic"}}})
                  ->takes_secret_in_header);
  EXPECT_EQ(parse({{"device_authorization_endpoint", nullptr}})->device_authorization_endpoint, "");
}

TEST_F(DiscoveryTest, OfAnotherIssuerItIsRefused) {
  for (const Json& issuer : {Json("https://evil.example"), Json(nullptr), Json(std::string(testing::issuer) + "/")})
    EXPECT_EQ(parse({{"issuer", issuer}}).error().target, "/issuer") << to_text(issuer);
}

TEST_F(DiscoveryTest, EveryAddressIsHttps) {
  for (const char* name : {"authorization_endpoint", "token_endpoint", "jwks_uri", "device_authorization_endpoint",
                           "end_session_endpoint"}) {
    for (const auto& url :
         {"http://login.example.org/x", "http://127.0.0.1/x", "javascript:alert(1)", "/x", "file:///x"})
      EXPECT_EQ(parse({{name, url}}).error().target, std::string("/") + name) << url;
  }
  for (const char* name : {"authorization_endpoint", "token_endpoint", "jwks_uri"})
    EXPECT_EQ(parse({{name, nullptr}}).error().target, std::string("/") + name);
  EXPECT_FALSE(parse({{"jwks_uri", "https://e.example/" + std::string(2048, 'x')}}));
}

TEST_F(DiscoveryTest, WhatIsNoDocumentIsRefused) {
  for (const std::string& text : {std::string(), std::string("[]"), std::string("<html>"), std::string(300'000, '{')})
    EXPECT_FALSE(parse_metadata(text, testing::issuer));
  EXPECT_EQ(metadata_url("https://a.example/"), "https://a.example/.well-known/openid-configuration");
  EXPECT_EQ(metadata_url("https://a.example/r"), "https://a.example/r/.well-known/openid-configuration");
}

}  // namespace
}  // namespace ciclo::administration::oidc
