#include "inner_loop/jobs/command_line.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "inner_loop/jobs/identity.hpp"

namespace ciclo::inner_loop {
namespace {

TEST(CommandLine, PutsValuesAndPathsIn) {
  CommandValues values;
  values.inputs = {{"data", "/in/data"}, {"rate", "0.1"}, {"unset", std::nullopt}};
  values.outputs = {{"model", "/out/model"}};
  values.job_name = "calm_river";
  values.default_datastore = "workspaceblobstore";
  EXPECT_EQ(
      *render_command(
          "train ${{inputs.data}} --r ${{ inputs.rate }} $[[--u ${{inputs.unset}} ]]> ${{outputs.model}}/log", values),
      "train /in/data --r 0.1 > /out/model/log");
  EXPECT_EQ(*render_command("echo $HOME \"$(pwd)\" ${{name}} ${{default_datastore}}", values),
            "echo $HOME \"$(pwd)\" calm_river workspaceblobstore");
  const auto wrong = render_command("train ${{inputs.dat}}", values);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "column 7: there is no input 'dat'");
  EXPECT_EQ(wrong.error().hint, "did you mean 'data'?");
  EXPECT_FALSE(render_command("${{parent.inputs.data}}", values));
}

TEST(CommandLine, IsCheckedBeforeValuesAreKnown) {
  const Json inputs{{"data", nullptr}};
  EXPECT_TRUE(check_command("x ${{inputs.data}}", inputs, nullptr, "/command"));
  const auto wrong = check_command("x ${{outputs.data}}", inputs, nullptr, "/command");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().target, "/command");
  EXPECT_EQ(wrong.error().hint, "the job has no outputs");
}

TEST(Identity, ChangesWithEverythingThatMatters) {
  const StepContent base{"cmd",       "code", "env", {{"a", "literal:1"}, {"b", "content:x"}}, {{"o", "uri_folder"}},
                         {{"V", "1"}}};
  const std::string same = identity_of(base);
  EXPECT_EQ(same.size(), 64U);
  EXPECT_EQ(identity_of(base), same);
  std::vector<StepContent> others(8, base);
  others[0].command += " ";
  others[1].code = "";
  others[2].environment = "other";
  others[3].inputs["a"] = "literal:2";
  others[4].inputs.erase("b");
  others[5].outputs["o"] = "uri_file";
  others[6].environment_variables["V"] = "2";
  // The same characters, divided otherwise.
  others[7].command = "cm";
  others[7].code = "dcode";
  for (const StepContent& other : others) EXPECT_NE(identity_of(other), same);
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace ciclo::inner_loop
