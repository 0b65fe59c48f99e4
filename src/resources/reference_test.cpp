#include "resources/reference.hpp"

#include <gtest/gtest.h>

namespace ciclo::resources {
namespace {

struct Case {
  std::string text;
  std::string workspace, name, version, label;
};

TEST(ParseReference, TakesTheFormsOfAzureMl) {
  const std::vector<Case> cases = {
      {"azureml:weather:3", "", "weather", "3", ""},
      {"azureml:weather@latest", "", "weather", "", "latest"},
      {"azureml:weather", "", "weather", "", ""},
      {"weather:3", "", "weather", "3", ""},
      {"weather", "", "weather", "", ""},
      {"azureml://registries/shared/models/weather/versions/3", "shared", "weather", "3", ""},
      {"azureml://registries/shared/models/weather/labels/champion", "shared", "weather", "", "champion"},
      {"/workspaces/dev/models/weather/versions/2", "dev", "weather", "2", ""},
      {"azureml:/workspaces/dev/models/weather/versions/2", "dev", "weather", "2", ""},
  };
  for (const Case& each : cases) {
    const auto reference = parse_reference(each.text);
    ASSERT_TRUE(reference) << each.text << ": " << reference.error().text();
    EXPECT_EQ(reference->workspace, each.workspace) << each.text;
    EXPECT_EQ(reference->name, each.name) << each.text;
    EXPECT_EQ(reference->version, each.version) << each.text;
    EXPECT_EQ(reference->label, each.label) << each.text;
  }
}

TEST(ParseReference, RefusesWhatIsNone) {
  for (const char* text : {"", "azureml:", "azureml:x:", "azureml:x@", "azureml://datastores/d/paths/p", "a/b:1",
                           "azureml://registries/shared/models/weather", "azureml://registries/s/models//versions/3"})
    EXPECT_FALSE(parse_reference(text)) << text;
}

TEST(CheckName, KeepsNamesHarmless) {
  EXPECT_TRUE(check_name("weather-1.2_x", "name"));
  for (const std::string& name :
       {std::string(), std::string("../x"), std::string("-x"), std::string("a/b"), std::string(256, 'a')})
    EXPECT_FALSE(check_name(name, "name")) << name;
}

}  // namespace
}  // namespace ciclo::resources
