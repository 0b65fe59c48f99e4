#include "platform/http/fetch.hpp"

#include <unistd.h>

#include <fstream>
#include <thread>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

namespace fs = std::filesystem;

class Fetch : public testing::Test {
 protected:
  Fetch() : folder_(fs::temp_directory_path() / ("ciclo_fetch_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
    test_.add_open(Method::get, "/file.csv", [](Request&) -> Result<Response> { return Response::text("a,b\n1,2\n"); });
    test_.add_open(Method::get, "/to/{target*}", [](Request& request) -> Result<Response> {
      Response response = Response::empty(302);
      const auto url = request.query.find("u");
      response.headers.set("location", url ? std::string(*url) : "/" + request.parameter("target"));
      return response;
    });
    test_.add_open(Method::get, "/nowhere", [](Request&) -> Result<Response> { return Response::empty(302); });
    test_.add_open(Method::get, "/drip", [](Request&) -> Result<Response> {
      Response response;
      response.stream = []() -> Result<std::string> {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        return std::string("x");
      };
      return response;
    });
    test_.start();
  }
  ~Fetch() override {
    test_.server.reset();
    fs::remove_all(folder_);
  }
  // The file's text, or "<code>: <message>".
  std::string fetch(const std::string& path, std::vector<std::string> allowed = {"127.0.0.0/8"}) {
    ClientSettings settings;
    settings.total_timeout = std::chrono::milliseconds(300);
    settings.outbound = std::make_shared<OutboundPolicy>(*OutboundPolicy::parse(allowed));
    Client client(settings);
    fs::remove(folder_ / "f");
    const auto size =
        fetch_file(client, {.url = test_.url(path), .target = folder_ / "f", .max_bytes = 20, .stop = {}});
    EXPECT_FALSE(fs::exists(folder_ / "f.part"));
    EXPECT_EQ(fs::exists(folder_ / "f"), size.has_value());
    if (!size) return std::string(name_of(size.error().code)) + ": " + size.error().message;
    std::ifstream in(folder_ / "f");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path folder_;
  TestServer test_;
};

TEST_F(Fetch, TakesAFileAndFollowsRedirects) {
  EXPECT_EQ(fetch("/file.csv"), "a,b\n1,2\n");
  EXPECT_EQ(fetch("/to/file.csv"), "a,b\n1,2\n");
  EXPECT_EQ(fetch("/to/to/to/to/to/file.csv"), "a,b\n1,2\n");
  EXPECT_EQ(fetch("/to/x?u=" + percent_encode(test_.url("/file.csv"))), "a,b\n1,2\n");
}

TEST_F(Fetch, ARedirectIsJudgedAgain) {
  const std::string port = std::to_string(test_.server->port());
  EXPECT_EQ(fetch("/file.csv", {}),
            "denied: 127.0.0.1 is a loopback address, where this server sends no requests for users");
  // The first address is allowed; where it leads is not.
  for (const char* host : {"127.0.0.2", "127.1", "2130706434", "0x7f.0.0.3", "017700000004", "localhost"}) {
    const std::string answer =
        fetch("/to/x?u=" + percent_encode("http://" + std::string(host) + ":" + port + "/file.csv"),
              {"127.0.0.1:" + port, "127.0.0.9"});
    if (std::string_view(host) == "127.1" || std::string_view(host) == "localhost") continue;  // 127.0.0.1 itself
    EXPECT_TRUE(answer.starts_with("denied: ")) << host << " " << answer;
  }
  EXPECT_TRUE(fetch("/to/x?u=" + percent_encode("http://[::ffff:127.0.0.2]:" + port + "/"), {"127.0.0.1"})
                  .starts_with("denied: "));
  EXPECT_EQ(fetch("/to/x?u=" + percent_encode("http://169.254.169.254/latest/"), {"127.0.0.1"}),
            "denied: 169.254.169.254 is a link-local address, where this server sends no requests for users");
  EXPECT_TRUE(fetch("/to/x?u=file:%2F%2F%2Fetc%2Fpasswd").starts_with("invalid: "));
  EXPECT_TRUE(fetch("/to/x?u=ftp:%2F%2F127.0.0.1%2F").starts_with("invalid: "));
  EXPECT_TRUE(fetch("/to/x?u=http:%2F%2Fu:secret@127.0.0.1%2F").starts_with("invalid: the address holds a name"));
}

TEST_F(Fetch, HasLimits) {
  EXPECT_EQ(fetch("/to/to/to/to/to/to/to/file.csv"), "unavailable: the server redirects more than 5 times");
  EXPECT_EQ(fetch("/nowhere"), "unavailable: the server redirects without saying where to");
  EXPECT_EQ(fetch("/missing"), "not_found: the server answered 404");
  const std::string slow = fetch("/drip");
  EXPECT_TRUE(slow.starts_with("too_large: ") || slow.starts_with("timeout: ")) << slow;
}

TEST_F(Fetch, CanBeStopped) {
  Client client;
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = fetch_file(
      client, {.url = test_.url("/file.csv"), .target = folder_ / "f", .max_bytes = 20, .stop = stop.get_token()});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::conflict);
}

TEST(FileName, IsOfThisMachine) {
  const std::pair<const char*, const char*> table[] = {
      {"http://h/a/b.csv", "b.csv"},
      {"http://h/a/b.csv?x=/c", "b.csv"},
      {"https://h/my%2Ddata.csv#f", "my-data.csv"},
      {"http://h", "data"},
      {"http://h/", "data"},
      {"http://h/a/..", "data"},
      {"http://h/%2e%2e", "data"},
      {"http://h/a%2f..%2fb", "data"},
      {"http://h/a%00b", "data"},
      {"http://h/.bashrc", "data"},
      {"http://h/a b", "data"},
      {"http://h/%zz", "data"},
      {"http://h/%c0%ae%c0%ae", "data"},
      {"nonsense", "data"},
  };
  for (const auto& [url, expected] : table) EXPECT_EQ(file_name_of(url), expected) << url;
}

}  // namespace
}  // namespace ciclo::http
