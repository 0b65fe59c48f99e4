#include "scoring/secret_values.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "scoring/masked_output.hpp"

namespace ciclo::scoring {
namespace {

std::string pairs(std::initializer_list<std::pair<const char*, const char*>> given) {
  std::string bytes;
  for (const auto& [text, value] : given) append_private_pair(bytes, text, value);
  return bytes;
}

TEST(SecretValues, ArePutIntoTheVariablesThatNameThem) {
  SecretValues values;
  DeploymentSettings settings;
  settings.environment_variables = {{"PLAIN", "x"}};
  settings.secret_variables = {{"URL", "pg://${{secrets.db:2}}@h"}};
  const auto missing = values.put_into(settings);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
  EXPECT_EQ(missing.error().target, "/environment_variables/URL");
  ASSERT_TRUE(values.take(pairs({{"pg://${{secrets.db:2}}@h", "pg://hunter22@h"}, {"", "hunter22"}})));
  const auto whole = values.put_into(settings);
  ASSERT_TRUE(whole) << whole.error().text();
  EXPECT_EQ(whole->environment_variables,
            (std::map<std::string, std::string>{{"PLAIN", "x"}, {"URL", "pg://hunter22@h"}}));
  EXPECT_EQ(whole->hidden, std::vector<std::string>{"hunter22"});
  // Bytes that are cut off change nothing; whole ones replace what was there.
  EXPECT_FALSE(values.take(std::string_view("x\0y", 3)));
  EXPECT_TRUE(values.put_into(settings));
  ASSERT_TRUE(values.take(pairs({{"other", "value"}})));
  EXPECT_FALSE(values.put_into(settings));
  // A deployment without secrets hides nothing, and needs nothing.
  settings.secret_variables.clear();
  EXPECT_TRUE(values.put_into(settings)->hidden.empty());
}

TEST(MaskedOutput, PassesOnWithoutTheValues) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  {
    auto output = MaskedOutput::start({"hunter22"}, ends[1]);
    ASSERT_TRUE(output) << output.error().text();
    const std::string_view first = "it is hun";
    const std::string_view second = "ter22, and hun";
    ASSERT_EQ(::write((*output)->input(), first.data(), first.size()), static_cast<ssize_t>(first.size()));
    ASSERT_EQ(::write((*output)->input(), second.data(), second.size()), static_cast<ssize_t>(second.size()));
  }
  ::close(ends[1]);
  std::string out(100, '\0');
  const ssize_t got = ::read(ends[0], out.data(), out.size());
  ::close(ends[0]);
  ASSERT_GT(got, 0);
  EXPECT_EQ(out.substr(0, static_cast<std::size_t>(got)), "it is ***, and hun");
}

}  // namespace
}  // namespace ciclo::scoring
