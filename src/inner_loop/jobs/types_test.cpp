#include "inner_loop/jobs/types.hpp"

#include <gtest/gtest.h>

namespace ciclo::inner_loop {
namespace {

Json json(const char* text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Json();
}

InputDeclaration declared(const char* text) {
  auto parsed = parse_input_declarations(Json{{"x", json(text)}}, "/inputs");
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().text();
  return parsed ? parsed->at(0) : InputDeclaration{};
}

TEST(ValueTypes, NamesGoBothWays) {
  for (const char* name : {"uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model", "triton_model",
                           "string", "integer", "number", "boolean"})
    EXPECT_EQ(name_of(*parse_value_type(name)), name);
  EXPECT_EQ(parse_value_type("path"), ValueType::uri_folder);
  EXPECT_FALSE(parse_value_type("uri_fold"));
}

TEST(Declarations, TrapsOfTheYaml) {
  EXPECT_TRUE(parse_input_declarations(nullptr, "")->empty());
  EXPECT_EQ(declared("null").type, ValueType::uri_folder);
  EXPECT_EQ(declared("{\"type\": \"path\"}").type, ValueType::uri_folder);
  EXPECT_TRUE(declared(R"({"type": "integer", "optional": "true"})").optional);
  EXPECT_TRUE(declared(R"({"type": "integer", "default": "3"})").may_be_unset());
  EXPECT_EQ(declared(R"({"type": "boolean", "default": "False"})").default_value, Json(false));
  const auto named_type = parse_input_declarations(json(R"({"type": {"type": "string"}})"), "/inputs");
  ASSERT_TRUE(named_type);
  EXPECT_EQ(named_type->at(0).name, "type");
  EXPECT_TRUE(parse_output_declarations(json(R"({"x": null})"), "/outputs"));
}

TEST(Declarations, MistakesPointAtThePlace) {
  const auto wrong = parse_input_declarations(json(R"({"a/b": {"type": "uri_fodler"}})"), "/inputs");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().target, "/inputs/a~1b/type");
  EXPECT_EQ(wrong.error().hint, "did you mean 'uri_folder'?");
  EXPECT_EQ(parse_input_declarations(json(R"({"a": {"type": "integer", "default": "x"}})"), "/inputs").error().target,
            "/inputs/a/default");
  EXPECT_EQ(parse_output_declarations(json(R"({"a": {"type": "integer"}})"), "/outputs").error().code,
            ErrorCode::unsupported);
}

TEST(Literals, AreBroughtToTheirType) {
  struct Case {
    const char* declaration;
    const char* value;
    const char* result;  // null: refused
  };
  const Case cases[] = {
      {R"({"type":"integer"})", "3", "3"},
      {R"({"type":"integer"})", "3.0", "3"},
      {R"({"type":"integer"})", "\"10\"", "\"10\""},
      {R"({"type":"integer"})", "3.5", nullptr},
      {R"({"type":"integer"})", "true", nullptr},
      {R"({"type":"integer"})", "\"three\"", nullptr},
      {R"({"type":"number"})", "1e-5", "1e-05"},
      {R"({"type":"number"})", "\"0.10\"", "\"0.10\""},
      {R"({"type":"number"})", "\"\"", nullptr},
      {R"({"type":"boolean"})", "\"True\"", "true"},
      {R"({"type":"boolean"})", "\"yes\"", nullptr},
      {R"({"type":"boolean"})", "1", nullptr},
      {R"({"type":"string"})", "5", "\"5\""},
      {R"({"type":"string"})", "true", "\"True\""},
      {R"({"type":"string"})", "{}", nullptr},
      {R"({"type":"integer","min":1,"max":5})", "5", "5"},
      {R"({"type":"integer","min":1,"max":5})", "6", nullptr},
      {R"({"type":"number","min":"0.5"})", "\"0.4\"", nullptr},
      {R"({"type":"string","enum":["gini","entropy"]})", "\"gini\"", "\"gini\""},
      {R"({"type":"string","enum":["gini","entropy"]})", "\"ginni\"", nullptr},
      {R"({"type":"integer","enum":["1","2"]})", "2", "2"},
  };
  for (const Case& c : cases) {
    const auto checked = check_literal(declared(c.declaration), json(c.value), "/inputs/x");
    if (c.result == nullptr) {
      ASSERT_FALSE(checked) << c.declaration << " " << c.value;
      EXPECT_EQ(checked.error().target, "/inputs/x");
    } else {
      ASSERT_TRUE(checked) << c.declaration << " " << c.value << " " << checked.error().text();
      EXPECT_EQ(to_text(*checked), c.result) << c.declaration;
    }
  }
  EXPECT_EQ(check_literal(declared(R"({"type":"string","enum":["gini","entropy"]})"), "ginni", "/i").error().hint,
            "did you mean 'gini'?");
}

TEST(Literals, AreWrittenAsAzureDoes) {
  EXPECT_EQ(literal_text(true), "True");
  EXPECT_EQ(literal_text(0.1), "0.1");
  EXPECT_EQ(literal_text(1e-5), "1e-05");
  EXPECT_EQ(literal_text(100), "100");
  EXPECT_EQ(literal_text("a b"), "a b");
  EXPECT_EQ(literal_text(nullptr), "");
}

}  // namespace
}  // namespace ciclo::inner_loop
