#include "platform/http/outbound.hpp"

#include <gtest/gtest.h>

namespace ciclo::http {
namespace {

std::string verdict(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed ? std::string(why_not_public(*parsed)) : "no address";
}

TEST(Outbound, KnowsWhichAddressesArePublic) {
  const std::pair<const char*, const char*> table[] = {
      // IPv4, the edges of each range
      {"1.1.1.1", ""},
      {"0.0.0.0", "an unspecified address"},
      {"0.255.255.255", "an unspecified address"},
      {"1.0.0.0", ""},
      {"9.255.255.255", ""},
      {"10.0.0.0", "a private address"},
      {"10.255.255.255", "a private address"},
      {"11.0.0.0", ""},
      {"100.63.255.255", ""},
      {"100.64.0.0", "an address behind a carrier's translation"},
      {"100.127.255.255", "an address behind a carrier's translation"},
      {"100.128.0.0", ""},
      {"126.255.255.255", ""},
      {"127.0.0.1", "a loopback address"},
      {"127.255.255.255", "a loopback address"},
      {"128.0.0.0", ""},
      {"169.253.255.255", ""},
      {"169.254.169.254", "a link-local address"},
      {"169.255.0.0", ""},
      {"172.15.255.255", ""},
      {"172.16.0.0", "a private address"},
      {"172.31.255.255", "a private address"},
      {"172.32.0.0", ""},
      {"192.0.0.170", "a reserved address"},
      {"192.0.1.0", ""},
      {"192.0.2.9", "an address for documentation"},
      {"192.88.99.1", "a reserved address"},
      {"192.167.255.255", ""},
      {"192.168.0.0", "a private address"},
      {"192.169.0.0", ""},
      {"198.17.255.255", ""},
      {"198.18.0.0", "an address for benchmarks"},
      {"198.19.255.255", "an address for benchmarks"},
      {"198.20.0.0", ""},
      {"198.51.100.1", "an address for documentation"},
      {"203.0.113.1", "an address for documentation"},
      {"223.255.255.255", ""},
      {"224.0.0.1", "a multicast address"},
      {"240.0.0.1", "a reserved address"},
      {"255.255.255.255", "a reserved address"},
      // IPv6
      {"2606:4700:4700::1111", ""},
      {"::", "an unspecified address"},
      {"::1", "a loopback address"},
      {"::2", "a reserved address"},
      {"::7f00:1", "a reserved address"},  // "compatible" IPv4
      {"fc00::1", "a private address"},
      {"fdff::1", "a private address"},
      {"fe80::1", "a link-local address"},
      {"febf::1", "a link-local address"},
      {"fec0::1", "a private address"},
      {"ff02::1", "a multicast address"},
      {"2001::1", "a Teredo address"},
      {"2001:10::1", "a reserved address"},
      {"2001:db8::1", "an address for documentation"},
      {"2001:4860:4860::8888", ""},
      {"3fff:abc::1", "an address for documentation"},
      {"100::1", "a reserved address"},
      {"4000::1", "a reserved address"},
      // IPv4 within IPv6
      {"::ffff:127.0.0.1", "a loopback address"},
      {"::ffff:a9fe:a9fe", "a link-local address"},
      {"::ffff:1.1.1.1", ""},
      {"64:ff9b::10.0.0.1", "a private address"},
      {"64:ff9b::1.1.1.1", ""},
      {"64:ff9b:1::1.1.1.1", "a reserved address"},
      {"2002:7f00:1::", "a loopback address"},
      {"2002:a9fe:a9fe::1", "a link-local address"},
      {"2002:101:101::1", ""},
      // no addresses in this strict form; getaddrinfo's spellings are tested with the client
      {"127.1", "no address"},
      {"2130706433", "no address"},
      {"0x7f.0.0.1", "no address"},
      {"fe80::1%lo", "no address"},
      {"", "no address"},
  };
  for (const auto& [address, expected] : table) EXPECT_EQ(verdict(address), expected) << address;
}

// "" when it may be connected to.
std::string judged(const std::vector<std::string>& allowed, std::string_view host, std::string_view address,
                   std::uint16_t port = 80) {
  const auto policy = OutboundPolicy::parse(allowed);
  EXPECT_TRUE(policy) << policy.error().text();
  const auto result = policy->judge({.host = host, .address = *IpAddress::parse(address), .port = port});
  if (result) return "";
  EXPECT_EQ(result.error().code, ErrorCode::denied);
  return result.error().message;
}

TEST(Outbound, AllowsWhatItWasTold) {
  EXPECT_EQ(judged({}, "example.org", "93.184.215.14"), "");
  EXPECT_NE(judged({}, "localhost", "127.0.0.1"), "");
  EXPECT_EQ(judged({"127.0.0.0/8"}, "localhost", "127.0.0.1"), "");
  EXPECT_EQ(judged({"127.0.0.0/8"}, "localhost", "::ffff:127.0.0.1"), "");
  EXPECT_NE(judged({"127.0.0.0/8"}, "localhost", "::1"), "");
  EXPECT_NE(judged({"127.0.0.0/8"}, "x", "10.0.0.1"), "");
  EXPECT_NE(judged({"10.1.0.0/16"}, "x", "10.2.0.1"), "");
  EXPECT_EQ(judged({"10.1.0.0/16", "10.2.0.1"}, "x", "10.2.0.1"), "");
  EXPECT_NE(judged({"10.2.0.1"}, "x", "10.2.0.2"), "");
  EXPECT_EQ(judged({"10.0.0.0/9"}, "x", "10.127.0.1"), "");
  EXPECT_NE(judged({"10.0.0.0/9"}, "x", "10.128.0.1"), "");
  EXPECT_EQ(judged({"127.0.0.1:9000"}, "x", "127.0.0.1", 9000), "");
  EXPECT_NE(judged({"127.0.0.1:9000"}, "x", "127.0.0.1", 9001), "");
  EXPECT_EQ(judged({"[::1]:9000"}, "::1", "::1", 9000), "");
  EXPECT_NE(judged({"[::1]:9000"}, "::1", "::1", 9001), "");
  EXPECT_EQ(judged({"fd00::/8"}, "x", "fd12::1"), "");
  EXPECT_NE(judged({"::/0"}, "x", "127.0.0.1"), "") << "an IPv6 range holds no IPv4";
  EXPECT_EQ(judged({"0.0.0.0/0"}, "x", "127.0.0.1"), "");
  EXPECT_EQ(judged({"Hooks.example.org"}, "hooks.EXAMPLE.org.", "10.0.0.1"), "");
  EXPECT_NE(judged({"hooks.example.org"}, "evil.hooks.example.org", "10.0.0.1"), "");
  EXPECT_NE(judged({"hooks.example.org:443"}, "hooks.example.org", "10.0.0.1", 80), "");
  EXPECT_NE(judged({"127.0.0.0/8"}, "x", "64:ff9b::127.0.0.1"), "") << "what a translator makes of it is another way";
}

TEST(Outbound, SaysWhatAnAdministratorCanDo) {
  const auto refused = OutboundPolicy().judge({"localhost", *IpAddress::parse("127.0.0.1"), 9000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "localhost leads to 127.0.0.1, a loopback address, where this server sends no requests for users");
  EXPECT_EQ(refused.error().hint,
            "an administrator can allow it: start the server with --allow-outbound 127.0.0.1:9000");
  const auto v6 = OutboundPolicy().judge({"::1", *IpAddress::parse("::1"), 80});
  ASSERT_FALSE(v6);
  EXPECT_EQ(v6.error().message, "::1 is a loopback address, where this server sends no requests for users");
  EXPECT_TRUE(v6.error().hint.ends_with("--allow-outbound [::1]:80"));
}

TEST(Outbound, RefusesRulesThatAreNone) {
  for (const char* entry :
       {"",          " ",    "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0/8",   "10.0.0.1:0", "10.0.0.1:65536",
        "10.0.0.1:", "[::1", "[::1]x",      "::1]",        "[::1]:",     "fd00::/129", "host/8",     "ho st",
        "a..b",      ".a",   "http://x",    "[host]:80",   "1234",       ":80"}) {
    const auto policy = OutboundPolicy::parse({entry});
    ASSERT_FALSE(policy) << entry;
    EXPECT_EQ(policy.error().code, ErrorCode::invalid);
    EXPECT_FALSE(policy.error().hint.empty());
  }
}

}  // namespace
}  // namespace ciclo::http
