#include <gtest/gtest.h>

#include "platform/http/client.hpp"
#include "platform/http/server.hpp"

namespace ciclo::http {
namespace {

TEST(Smoke, GetAndPost) {
  Router router;
  ASSERT_TRUE(router.add(
      {.method = Method::get,
       .pattern = "/hello/{name}",
       .access = Access::open,
       .execution = Execution::io,
       .handler = [](Request& r) -> Result<Response> { return Response::text("hi " + r.parameter("name")); }}));
  ASSERT_TRUE(router.add({.method = Method::post,
                          .pattern = "/echo",
                          .access = Access::open,
                          .handler = [](Request& r) -> Result<Response> { return Response::text(r.body); }}));
  Server server(router, nullptr, {});
  ASSERT_TRUE(server.start());
  Client client;
  const std::string base = "http://127.0.0.1:" + std::to_string(server.port());
  for (int i = 0; i < 3; ++i) {
    auto r = client.send({.url = base + "/hello/you%20there?x=1"});
    ASSERT_TRUE(r) << r.error().text();
    EXPECT_EQ(r->body, "hi you there");
    auto p = client.send({.method = Method::post, .url = base + "/echo", .body = std::string(100000, 'x')});
    ASSERT_TRUE(p) << p.error().text();
    EXPECT_EQ(p->body.size(), 100000U);
  }
  server.stop(std::chrono::milliseconds(500));
  auto gone = client.send({.url = base + "/hello/x"});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().text(), "cannot reach " + base + ": connection refused (check that the server is running)");
}

}  // namespace
}  // namespace ciclo::http
