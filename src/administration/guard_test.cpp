#include "administration/guard.hpp"

#include <gtest/gtest.h>

#include "administration/audit/migrations.hpp"
#include "administration/identity/migrations.hpp"
#include "resources/testing.hpp"

namespace ciclo::administration {
namespace {

using resources::Caller;

Caller person(std::string name) {
  return {.principal = std::move(name), .only_workspace = "", .token_id = "", .request_id = ""};
}

class GuardTest : public ::testing::Test {
 protected:
  GuardTest()
      : resources_(resources::KindTable(), all_migrations()), identity_(*resources_.database, resources_.clock) {}

  static std::vector<sql::Migration> all_migrations() {
    auto all = migrations();
    for (const auto& module : {access_migrations(), audit_migrations()})
      all.insert(all.end(), module.begin(), module.end());
    return all;
  }
  MintedToken mint(MintRequest request) {
    auto minted = resources_.database->write([&](sql::Session& session) -> Result<MintedToken> {
      CICLO_CHECK(identity_.create_user_in(session, request.principal, "", PrincipalKind::person));
      return identity_.mint_in(session, request);
    });
    EXPECT_TRUE(minted);
    return *minted;
  }
  Result<Assignment> assign(const Assignment& assignment) {
    return resources_.database->write([&](sql::Session& session) { return access_.assign_in(session, assignment); });
  }
  static Scope whole(std::string workspace) {
    return {.workspace = std::move(workspace), .component = {}, .resource = {}};
  }

  resources::TestResources resources_;
  IdentityService identity_;
  AccessService access_{*resources_.database, resources_.clock};
};

TEST_F(GuardTest, TheLastOwnerStays) {
  const auto owner = assign({.principal = "maria", .role = "owner", .scope = whole("dev")});
  ASSERT_TRUE(owner);
  EXPECT_TRUE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
  const auto withdrawn =
      resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); });
  EXPECT_EQ(withdrawn.error().code, ErrorCode::conflict);
  EXPECT_TRUE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
  // One that will end by itself does not count as somebody who stays.
  ASSERT_TRUE(assign({.principal = "joao",
                      .role = "owner",
                      .scope = whole("dev"),
                      .expires_at = resources_.clock.now() + std::chrono::hours(1)}));
  EXPECT_FALSE(resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); }));
  ASSERT_TRUE(assign({.principal = "rita", .role = "owner", .scope = whole("dev")}));
  EXPECT_TRUE(resources_.database->write([&](sql::Session& session) { return access_.withdraw_in(session, *owner); }));
  EXPECT_FALSE(access_.decide(person("maria"), "workspace/manage", "dev").allowed);
}

TEST_F(GuardTest, RefusesAndWritesDown) {
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  AccessGuard guard({{&tokens}, access_, audit, *logger, "default"});
  http::Route route;
  route.action = "storage/write";
  http::Request request;
  request.path = "/api/v1/workspaces/dev/data";
  request.parameters["workspace"] = "dev";
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::unauthenticated);

  const auto minted = mint({.principal = "rita", .purpose = "test"});
  request.headers.set("authorization", "Bearer " + minted.secret);
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::not_found);
  ASSERT_TRUE(assign({.principal = "rita", .role = "reader", .scope = whole("dev")}));
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::denied);
  const auto rows = audit.list({.workspace = "dev"});
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_FALSE(rows->front().allowed);
  route.action = "storage/read";
  EXPECT_TRUE(guard.admit(route, request));
  EXPECT_EQ(resources::caller_of(request).principal, "rita");
  EXPECT_TRUE(audit.list({.workspace = "dev"})->front().allowed);
  // What cannot be written down does not happen.
  ASSERT_TRUE(resources_.database->write([](sql::Session& session) -> Result<void> {
    CICLO_CHECK(session.execute("DROP TABLE audit_rows"));
    return {};
  }));
  EXPECT_FALSE(guard.admit(route, request));
}

TEST_F(GuardTest, ASingleResourceIsReachedByAGrantOnItAlone) {
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  AccessGuard guard({{&tokens}, access_, audit, *logger, "default"});
  const auto minted = mint({.principal = "app", .purpose = "test"});
  ASSERT_TRUE(assign({.principal = "app",
                      .role = "endpoint-user",
                      .scope = {.workspace = "dev", .component = {}, .resource = "online-endpoint/weather"}}));
  http::Route route;
  route.action = "workspace/endpoints/use";
  route.resource = "online-endpoint/{name}";
  http::Request request;
  request.headers.set("authorization", "Bearer " + minted.secret);
  request.parameters["workspace"] = "dev";
  request.parameters["name"] = "weather";
  EXPECT_TRUE(guard.admit(route, request));
  request.parameters["name"] = "prices";
  EXPECT_FALSE(guard.admit(route, request));
  route.resource.clear();
  EXPECT_FALSE(guard.admit(route, request));
}

TEST(SecretOf, ReadsBearerAndBasic) {
  http::Headers headers;
  headers.set("authorization", "Basic dXNlcjpjaWNsb19hYmM=");  // user:ciclo_abc
  EXPECT_EQ(**secret_of(headers), "ciclo_abc");
  headers.set("authorization", "bearer   ciclo_abc ");
  EXPECT_EQ(**secret_of(headers), "ciclo_abc");
  for (const char* bad : {"Basic ???", "Digest x", "Bearer", "Basic dXNlcg=="}) {
    headers.set("authorization", bad);
    EXPECT_EQ(secret_of(headers).error().code, ErrorCode::unauthenticated) << bad;
  }
}

// Knows one run of experiment 3 and one of experiment 4.
class TwoRuns final : public resources::ConcernFinder {
 public:
  Result<std::vector<resources::Concerned>> find(const http::Route& route, const http::Request& request,
                                                 const std::string& workspace) override {
    EXPECT_EQ(workspace, "dev");
    const std::string& run = request.parameter("run");
    const std::string subject = run == "a" ? "experiment/3" : run == "b" ? "experiment/4" : "";
    return std::vector<resources::Concerned>{{.subject = subject,
                                              .action = route.action,
                                              .missing = {.code = ErrorCode::not_found, .message = "no run " + run}}};
  }
};

TEST_F(GuardTest, ARoleOnAnExperimentReachesWhatBelongsToItAlone) {
  AuditLog audit(*resources_.database, resources_.clock);
  const auto logger = log::Logger::silent();
  TokenAuthenticator tokens(identity_);
  TwoRuns runs;
  AccessGuard guard({{&tokens}, access_, audit, *logger, "default", &runs});
  const auto minted = mint({.principal = "bia", .purpose = "test"});
  http::Route route;
  route.action = "workspace/read";
  route.resource_kinds = {"experiment"};
  http::Request request;
  request.headers.set("authorization", "Bearer " + minted.secret);
  request.parameters["workspace"] = "dev";
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::not_found);  // not even of the workspace
  ASSERT_TRUE(assign({.principal = "bia",
                      .role = "reader",
                      .scope = {.workspace = "dev", .component = {}, .resource = "experiment/3"}}));
  ASSERT_TRUE(guard.admit(route, request));
  EXPECT_EQ(resources::reach_of(request, "experiment").names, std::vector<std::string>{"3"});
  EXPECT_TRUE(resources::reach_of(request, "model").is_empty());
  request.parameters["run"] = "a";
  EXPECT_TRUE(guard.judge(route, request));
  // Another's run and none at all get the same answer; the log tells them apart.
  for (const char* run : {"b", "c"}) {
    request.parameters["run"] = run;
    request.refusal.clear();
    const auto judged = guard.judge(route, request);
    ASSERT_FALSE(judged);
    EXPECT_EQ(judged.error().code, ErrorCode::not_found);
    EXPECT_EQ(judged.error().message, std::string("no run ") + run);
    EXPECT_EQ(request.refusal.empty(), std::string_view(run) == "c");
  }
  // What may be read and not changed is denied.
  request.parameters["run"] = "a";
  route.action = "workspace/write";
  EXPECT_EQ(guard.admit(route, request).error().code, ErrorCode::denied);
  ASSERT_TRUE(assign({.principal = "bia",
                      .role = "contributor",
                      .scope = {.workspace = "dev", .component = {}, .resource = "experiment/4"}}));
  ASSERT_TRUE(guard.admit(route, request));
  EXPECT_EQ(guard.judge(route, request).error().code, ErrorCode::denied);
  // A route that declares nothing needs the whole workspace.
  route.resource_kinds.clear();
  EXPECT_FALSE(guard.admit(route, request));
}

TEST_F(GuardTest, RolesFollowARenamedResourceAndEndWithIt) {
  const auto give = [&](const std::string& resource) {
    return assign(
        {.principal = "bia", .role = "reader", .scope = {.workspace = "dev", .component = {}, .resource = resource}});
  };
  ASSERT_TRUE(give("model/weather"));
  ASSERT_TRUE(give("model/weather:2"));
  ASSERT_TRUE(give("model/weather2"));
  ASSERT_TRUE(give("model/rain:1"));  // left over: not for what is called so from now on
  const auto key = [](std::string name) {
    return resources::ResourceKey{
        .workspace = "dev", .kind = "model", .parent = {}, .name = std::move(name), .version = {}};
  };
  const auto may = [&](std::string_view subject) {
    return access_.decide(person("bia"), "workspace/read", resources::Place("dev", subject)).allowed;
  };
  ASSERT_TRUE(resources_.database->write(
      [&](sql::Session& session) { return access_.rename_in(session, key("weather"), key("rain")); }));
  EXPECT_TRUE(may("model/rain"));
  EXPECT_TRUE(may("model/rain:2"));
  EXPECT_TRUE(may("model/weather2"));
  EXPECT_FALSE(may("model/weather"));
  EXPECT_FALSE(may("model/weather:2"));
  ASSERT_TRUE(
      resources_.database->write([&](sql::Session& session) { return access_.forget_in(session, key("rain")); }));
  EXPECT_FALSE(may("model/rain"));
  EXPECT_FALSE(may("model/rain:2"));
  EXPECT_TRUE(may("model/weather2"));
}

}  // namespace
}  // namespace ciclo::administration
