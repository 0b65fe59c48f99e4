#include "scoring/settings.hpp"

#include <gtest/gtest.h>

#include "scoring/testing/test_models.hpp"

namespace ciclo::scoring {
namespace {

const std::string sum(64, 'a');

std::string text_with(std::string_view more, std::string_view deployment = R"({"name":"blue","model":{"path":"m"}})") {
  return R"({"endpoint":"weather","deployments":[)" + std::string(deployment) + "]" + std::string(more) + "}";
}

Result<ScorerSettings> parse(const std::string& text) {
  return parse_settings(*parse_json(text), "/base");
}

TEST(SettingsTest, ReadsEverything) {
  const auto settings = parse(
      R"({"workspace":"prod","endpoint":"weather","address":"::1","port":81,"port_file":"p.json","auth":{"mode":"key","keys_sha256":[")" +
      sum + R"("],"tokens":[{"sha256":")" + sum + R"(","expires_at":"2026-01-31T08:15:30Z"}],"control_sha256":")" +
      sum +
      R"("},"deployments":[{"name":"blue","model":{"path":"m","name":"weather","version":"3"},"collect":{"inputs":true,"sampling_rate":0.5},)"
      R"("request_settings":{"request_timeout_ms":100,"max_concurrent_requests_per_instance":2,"max_queue_wait_ms":7},)"
      R"("python":{"interpreter":"/usr/bin/python3","workers":3,"code":"src","scoring_script":"score.py"},"environment_variables":{"A":"b"}},)"
      R"({"name":"green","model":{"path":"/abs"}}],"traffic":{"blue":100},"mirror_traffic":{"green":10},"collection":{"folder":"c"},"log":{"file":"l"}})");
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_EQ(settings->port_file, "/base/p.json");
  EXPECT_EQ(settings->auth.key_sha256, std::vector<std::string>{sum});
  EXPECT_EQ(settings->auth.tokens.at(0).expires_at, parse_rfc3339("2026-01-31T08:15:30Z"));
  const auto& blue = settings->deployments.at(0);
  EXPECT_EQ(blue.model.path, "/base/m");
  EXPECT_TRUE(blue.collect.inputs);
  EXPECT_FALSE(blue.collect.outputs);
  EXPECT_EQ(blue.requests.max_concurrent_requests, 2);
  EXPECT_EQ(blue.requests.max_queue_wait.count(), 7);
  EXPECT_EQ(blue.python.workers, 3);
  EXPECT_EQ(blue.environment_variables.at("A"), "b");
  EXPECT_EQ(settings->deployments.at(1).model.path, "/abs");
  EXPECT_EQ(settings->deployments.at(1).model.name, "green");
  EXPECT_EQ(settings->mirror->percent, 10);
  EXPECT_EQ(settings->collection_folder, "/base/c");
}

TEST(SettingsTest, DefaultsRefuseEverybody) {
  const auto settings = parse(text_with(""));
  ASSERT_TRUE(settings) << settings.error().text();
  EXPECT_TRUE(settings->auth.required);
  EXPECT_TRUE(settings->auth.key_sha256.empty());
  EXPECT_EQ(settings->address, "127.0.0.1");
}

// RFC 8032's first public key.
constexpr std::string_view public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

TEST(SettingsTest, ReadsWhichTokensAreTaken) {
  const std::string signed_tokens =
      R"("signed_tokens":{"public_keys":[")" + std::string(public_key) +
      R"("],"audience":"uid-1","ended":[{"principal":"maria","issued_until":"2026-01-31T08:15:30.123Z"},)"
      R"({"principal":"maria","issued_until":"2026-01-30T00:00:00Z"}]})";
  for (const std::string mode : {"key", "aml_token", "aad_token"}) {
    const auto settings = parse(
        text_with(R"(,"auth":{"mode":")" + mode + R"(","keys_sha256":[")" + sum + R"("],)" + signed_tokens + "}"));
    ASSERT_TRUE(settings) << settings.error().text();
    EXPECT_TRUE(settings->auth.required);
    EXPECT_EQ(settings->auth.key_sha256.size(), mode == "key" ? 1U : 0U);
    ASSERT_TRUE(settings->auth.signed_tokens);
    ASSERT_EQ(settings->auth.signed_tokens->keys.all().size(), 1U);
    EXPECT_EQ(settings->auth.signed_tokens->keys.all()[0].hex(), public_key);
    EXPECT_EQ(settings->auth.signed_tokens->audience, "uid-1");
    EXPECT_EQ(settings->auth.signed_tokens->ended.at("maria"), parse_rfc3339("2026-01-31T08:15:30.123Z"));
  }
}

TEST(SettingsTest, NamesWhatIsWrong) {
  const auto expect = [](const std::string& text, std::string_view words) {
    const auto settings = parse(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().code, ErrorCode::invalid);
    EXPECT_NE(settings.error().text().find(words), std::string::npos) << settings.error().text();
  };
  expect(text_with(R"(,"trafic":{"blue":100})"), "traffic");
  expect(text_with(R"(,"traffic":{"blue":90})"), "the traffic sums to 90");
  expect(text_with(R"(,"traffic":{"blu":100})"), "there is no deployment 'blu' (the nearest is 'blue')");
  expect(text_with(R"(,"traffic":{"blue":"all"})"), "/traffic/blue");
  expect(text_with(R"(,"traffic":{"blue":100},"mirror_traffic":{"blue":10})"), "takes traffic of its own");
  expect(text_with(R"(,"mirror_traffic":{"blue":51})"), "/mirror_traffic/blue");
  expect(text_with(R"(,"auth":{"keys_sha256":["secret"]})"), "/auth/keys_sha256/0");
  expect(text_with(R"(,"auth":{"tokens":[{"sha256":")" + sum + R"(","expires_at":"soon"}]})"),
         "'soon' is no RFC 3339 time");
  expect(text_with(R"(,"auth":{"signed_tokens":{"public_keys":["00"],"audience":"u"}})"),
         "/auth/signed_tokens/public_keys/0");
  expect(text_with(R"(,"auth":{"signed_tokens":{"public_keys":[],"audience":"u"}})"),
         "/auth/signed_tokens/public_keys");
  expect(text_with(R"(,"auth":{"signed_tokens":{"public_keys":[")" + std::string(public_key) + R"("]}})"), "audience");
  expect(text_with(R"(,"auth":{"signed_tokens":{"public_keys":[")" + std::string(public_key) +
                   R"("],"audience":"u","ended":[{"principal":"m","issued_until":"now"}]}})"),
         "'now' is no RFC 3339 time");
  expect(text_with("", R"({"name":"blue","model":{"path":"m"}},{"name":"blue","model":{"path":"m"}})"),
         "two deployments named 'blue'");
  expect(text_with("", R"({"name":"blue","model":{}})"), "neither a model nor a scoring script");
  expect(text_with("", R"({"name":"blue","model":{},"python":{"scoring_script":"score.py"}})"), "give python.code");
  expect(text_with("", R"({"name":"../x","model":{"path":"m"}})"), "/deployments/0/name");
}

TEST(SettingsTest, AFileThatIsNotThereOrNoJsonNamesItself) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(read_settings(folder.path() / "none.json").error().code, ErrorCode::not_found);
  testing::write_file(folder.path() / "bad.json", "{");
  const auto settings = read_settings(folder.path() / "bad.json");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().target.find("bad.json"), std::string::npos);
}

}  // namespace
}  // namespace ciclo::scoring
