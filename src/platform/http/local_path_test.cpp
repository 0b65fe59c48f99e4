#include "platform/http/local_path.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ciclo::http {
namespace {

TEST(LocalPath, KeepsABrowserHere) {
  for (const char* good : {"/", "/studio", "/studio/", "/studio/workspaces/dev/jobs?tab=log&x=//y#z", "/a%20b", "/a:b",
                           "/@host", "/a/https:", "/100%25", "/.", "/..%2fx", "/studio?next=https://example.org"})
    EXPECT_TRUE(is_local_path(good)) << good;
}

TEST(LocalPath, RefusesWhatLeadsAway) {
  for (const char* bad : {"",
                          "studio",
                          "//host",
                          "///host",
                          "////host",
                          "/a//host",
                          "/\\host",
                          "\\/host",
                          "\\\\host",
                          "/a\\b",
                          "https://host",
                          "https:host",
                          "http:/host",
                          "javascript:alert(1)",
                          "data:text/html,x",
                          " /a",
                          "/ a",
                          "/a\t",
                          "/\t/host",
                          "/\n/host",
                          "/\r\nset-cookie: a=b",
                          "/%2f/host",
                          "/%2fhost",
                          "/%2Fhost",
                          "/%5chost",
                          "/%5Chost",
                          "/%09/host",
                          "/%0d%0aset-cookie:%20a=b",
                          "/%00",
                          "/%252fhost",
                          "/%255chost",
                          "%2f%2fhost",
                          "/%",
                          "/%zz",
                          "?x",
                          "#x",
                          ".",
                          "./a",
                          "../a",
                          "@host",
                          "\x7f/",
                          "/a\x7f"})
    EXPECT_FALSE(is_local_path(bad)) << bad;
  EXPECT_FALSE(is_local_path(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(is_local_path("/" + std::string(2000, 'a')));
  EXPECT_TRUE(is_local_path("/" + std::string(1999, 'a')));
}

}  // namespace
}  // namespace ciclo::http
