#include "platform/http/router.hpp"

#include <gtest/gtest.h>

namespace ciclo::http {
namespace {

Route route(Method method, std::string pattern) {
  return {.method = method,
          .pattern = std::move(pattern),
          .access = Access::open,
          .handler = [](Request&) -> Result<Response> { return Response(); }};
}

struct Routes {
  Router router;
  explicit Routes(const std::vector<std::pair<Method, std::string>>& table) {
    for (const auto& [method, pattern] : table) {
      const auto added = router.add(route(method, pattern));
      EXPECT_TRUE(added) << added.error().text();
    }
  }
  std::string find(Method method, std::string_view path) const {
    const auto match = router.find(method, path);
    if (!match.route) return match.path_exists ? "405" : "404";
    std::string text = match.route->pattern;
    for (const auto& [name, value] : match.parameters) text += " " + name + "=" + value;
    return text;
  }
};

TEST(Router, FindsTheMostLiteralRoute) {
  const Routes routes({{Method::get, "/"},
                       {Method::get, "/a"},
                       {Method::get, "/a/{x}"},
                       {Method::get, "/a/b"},
                       {Method::get, "/a/{x}/c"},
                       {Method::get, "/a/b/d"},
                       {Method::get, "/f/{path*}"},
                       {Method::get, "/f/{name}"},
                       {Method::put, "/a/b"},
                       {Method::post, "/a/{y}/c"}});
  const std::vector<std::tuple<Method, std::string, std::string>> table = {
      {Method::get, "/", "/"},
      {Method::get, "/a", "/a"},
      {Method::get, "/a/", "404"},
      {Method::get, "/a/b", "/a/b"},
      {Method::get, "/a/x%20y", "/a/{x} x=x y"},
      {Method::get, "/%61/b", "/a/b"},
      {Method::get, "/a/b/c", "/a/{x}/c x=b"},
      {Method::get, "/a/b/d", "/a/b/d"},
      {Method::post, "/a/q/c", "/a/{y}/c y=q"},
      {Method::get, "/f/one", "/f/{name} name=one"},
      {Method::get, "/f/one/two%2Fthree", "/f/{path*} path=one/two/three"},
      {Method::get, "/f/", "/f/{path*} path="},
      {Method::get, "/f", "404"},
      {Method::get, "/nothing", "404"},
      {Method::head, "/a", "/a"},
      {Method::put, "/a", "405"},
      {Method::del, "/a/b", "405"},
      {Method::get, "", "404"},
      {Method::get, "a", "404"},
  };
  for (const auto& [method, path, expected] : table) EXPECT_EQ(routes.find(method, path), expected) << path;
}

TEST(Router, GoesBackFromALiteralWithoutTheMethod) {
  const Routes routes({{Method::post, "/m/search"}, {Method::get, "/m/{name}"}, {Method::del, "/m/{name}"}});
  EXPECT_EQ(routes.find(Method::get, "/m/search"), "/m/{name} name=search");
  const auto match = routes.router.find(Method::put, "/m/search");
  EXPECT_EQ(match.allowed, (std::vector<Method>{Method::post, Method::get, Method::head, Method::del}));
}

TEST(Router, NothingLeadsUp) {
  const Routes routes({{Method::get, "/f/{path*}"}, {Method::get, "/{a}/{b}"}});
  for (const char* path : {"/f/../x", "/f/%2e%2e/x", "/f/%2E./x", "/f/a%2f..%2fb", "/f/a%5c..%5cb", "/./x", "/f/%2e",
                           "/f/a%00b", "/f/%0a", "/f/%zz"})
    EXPECT_EQ(routes.find(Method::get, path), "404") << path;
  EXPECT_EQ(routes.find(Method::get, "/f/..."), "/f/{path*} path=...") << "three dots are a name";
}

TEST(Router, VeryLongPathsMatchNothing) {
  const Routes routes({{Method::get, "/f/{path*}"}});
  std::string path = "/f";
  for (int i = 0; i < 200; ++i) path += "/a";
  EXPECT_EQ(routes.find(Method::get, path), "404");
}

TEST(Router, RefusesWhatIsTakenOrMalformed) {
  Router router;
  ASSERT_TRUE(router.add(route(Method::get, "/a/{x}")));
  EXPECT_EQ(router.add(route(Method::get, "/a/{y}")).error().code, ErrorCode::already_exists);
  EXPECT_TRUE(router.add(route(Method::post, "/a/{y}")));
  for (const char* pattern : {"", "a", "/{}", "/{*}", "/{a}b", "/{a*}/b", "/{a}/{a}", "/a{b", "/{a{b}}"})
    EXPECT_EQ(router.add(route(Method::get, pattern)).error().code, ErrorCode::invalid) << pattern;
  EXPECT_FALSE(router.add({.pattern = "/no/handler"}));
  EXPECT_EQ(router.routes().size(), 2U);
}

TEST(Router, UnroutedErrorsSpeakTheDialectOfTheirPrefix) {
  Router router;
  router.set_fallback("/api/2.0/mlflow", [](const Error&) { return Response::text("root", "text/plain", 404); });
  router.set_fallback("/workspaces/{workspace}/api/2.0/mlflow/",
                      [](const Error&) { return Response::text("scoped", "text/plain", 404); });
  const Error error{.code = ErrorCode::not_found, .message = "m", .target = {}, .hint = {}, .details = {}};
  EXPECT_EQ(router.render_unrouted("/api/2.0/mlflow/runs/what", error).body, "root");
  EXPECT_EQ(router.render_unrouted("/workspaces/dev/api/2.0/mlflow/runs/what", error).body, "scoped");
  EXPECT_EQ(router.render_unrouted("/api/2.0/mlflows", error).body, error_response(error).body);
}

TEST(OpenApi, TellsOfEveryRoute) {
  Router router;
  ASSERT_TRUE(router.add({.method = Method::get,
                          .pattern = "/health",
                          .access = Access::open,
                          .summary = "Whether it lives.",
                          .handler = [](Request&) -> Result<Response> { return Response(); }}));
  Route upload = route(Method::put, "/api/v1/files/{name}/{path*}");
  upload.access = Access::required;
  upload.action = "files/write";
  upload.tag = "files";
  upload.body = BodyMode::streamed;
  ASSERT_TRUE(router.add(std::move(upload)));
  Route create = route(Method::post, "/api/v1/models");
  create.request_schema = {{"type", "object"}};
  create.response_schema = {{"type", "string"}};
  ASSERT_TRUE(router.add(std::move(create)));
  const Json document = openapi_document(router, "Ciclo", "1.2");
  EXPECT_EQ(document["openapi"], "3.1.0");
  const Json& put = document["paths"]["/api/v1/files/{name}/{path}"]["put"];
  EXPECT_EQ(put["operationId"], "put_files_name_path");
  EXPECT_EQ(put["parameters"].size(), 2U);
  EXPECT_EQ(put["parameters"][1]["name"], "path");
  EXPECT_EQ(put["tags"], Json::array({"files"}));
  EXPECT_FALSE(put.contains("security"));
  EXPECT_EQ(document["paths"]["/health"]["get"]["security"], Json::array());
  EXPECT_EQ(document["paths"]["/api/v1/models"]["post"]["requestBody"]["content"]["application/json"]["schema"]["type"],
            "object");
  EXPECT_TRUE(document["components"]["responses"].contains("Error"));
}

}  // namespace
}  // namespace ciclo::http
