#include "inner_loop/jobs/binding.hpp"

#include <gtest/gtest.h>

namespace ciclo::inner_loop {
namespace {

TEST(BindingNames, BecomeFolders) {
  for (const char* name : {"data", "test_data", "raw-data", "v1.2", "_x"}) {
    EXPECT_TRUE(read_inputs({{name, 1}}, "/inputs")) << name;
    EXPECT_TRUE(read_outputs({{name, {{"type", "uri_folder"}}}}, "/outputs")) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(".."), std::string("../x"), std::string("a/b"), std::string("/etc"),
        std::string("a\nb"), std::string("-x"), std::string("a\0b", 3), std::string(256, 'a')}) {
    const auto inputs = read_inputs({{name, 1}}, "/inputs");
    ASSERT_FALSE(inputs) << name;
    EXPECT_EQ(inputs.error().code, ErrorCode::invalid);
    EXPECT_TRUE(inputs.error().target.starts_with("/inputs/"));
    EXPECT_FALSE(read_outputs({{name, {{"type", "uri_folder"}}}}, "/outputs")) << name;
  }
}

}  // namespace
}  // namespace ciclo::inner_loop
