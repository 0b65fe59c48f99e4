#include "administration/sign_in/cookies.hpp"

#include <gtest/gtest.h>

namespace ciclo::administration {
namespace {

http::Headers headers_of(const std::vector<std::pair<const char*, const char*>>& fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.set(name, value);
  return headers;
}

TEST(CookieOf, FindsOneByItsWholeName) {
  const auto headers = headers_of({{"Cookie", "xsession=1;session=2 ; a=b=c; session=3;=;;empty="}});
  EXPECT_EQ(cookie_of(headers, "session"), "2");
  EXPECT_EQ(cookie_of(headers, "a"), "b=c");
  EXPECT_EQ(cookie_of(headers, "empty"), "");
  EXPECT_EQ(cookie_of(headers, "sess"), std::nullopt);
  EXPECT_EQ(cookie_of({}, "session"), std::nullopt);
}

TEST(SetCookie, IsOutOfReachOfScriptsAndForeignPages) {
  EXPECT_EQ(set_cookie("s", "v", true), "s=v; Path=/; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(set_cookie("s", "v", false), "s=v; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(set_cookie("s", "", false), "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

TEST(OriginOfUrl, IsSchemeHostAndAnUncommonPort) {
  EXPECT_EQ(origin_of_url("HTTPS://Ciclo.Example.org:443/studio?x#y"), "https://ciclo.example.org");
  EXPECT_EQ(origin_of_url("http://127.0.0.1:8780"), "http://127.0.0.1:8780");
  EXPECT_EQ(origin_of_url("http://[::1]:80/"), "http://[::1]");
  for (const char* bad : {"", "null", "ciclo.example.org", "ftp://x", "https://", "https://a@b", "https:///x"})
    EXPECT_EQ(origin_of_url(bad), std::nullopt) << bad;
}

TEST(SameOrigin, FollowsWhatTheBrowserSays) {
  struct Row {
    std::vector<std::pair<const char*, const char*>> fields;
    const char* public_origin;
    bool is_same;
  };
  for (const Row& row : {Row{{{"host", "a:1"}}, "", true}, Row{{{"host", "a:1"}, {"origin", "http://a:1"}}, "", true},
                         Row{{{"host", "A.example:443"}, {"origin", "https://a.example"}}, "", true},
                         Row{{{"host", "a:1"}, {"origin", "http://a:2"}}, "", false},
                         Row{{{"host", "a"}, {"origin", "http://a.evil"}}, "", false},
                         Row{{{"host", "a"}, {"origin", "null"}}, "", false}, Row{{{"origin", "http://a"}}, "", false},
                         Row{{{"host", "inner:80"}, {"origin", "https://a"}}, "https://a", true},
                         Row{{{"host", "a"}, {"origin", "http://a"}}, "https://a", false},
                         Row{{{"host", "a"}, {"sec-fetch-site", "same-origin"}}, "", true},
                         Row{{{"host", "a"}, {"sec-fetch-site", "none"}}, "", true},
                         Row{{{"host", "a"}, {"sec-fetch-site", "same-site"}}, "", false},
                         Row{{{"host", "a"}, {"origin", "http://a"}, {"sec-fetch-site", "cross-site"}}, "", false}}) {
    const auto result = require_same_origin(headers_of(row.fields), row.public_origin);
    EXPECT_EQ(result.has_value(), row.is_same) << http::percent_encode(row.fields.begin()->second);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::denied);
    }
  }
}

}  // namespace
}  // namespace ciclo::administration
