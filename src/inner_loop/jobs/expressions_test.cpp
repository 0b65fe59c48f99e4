#include "inner_loop/jobs/expressions.hpp"

#include <gtest/gtest.h>

namespace ciclo::inner_loop {
namespace {

TEST(Expressions, EveryFormIsReadWithAndWithoutBlanks) {
  struct Case {
    std::string text;
    ExpressionKind kind;
    std::string node;
    std::string name;
  };
  const Case cases[] = {
      {"${{inputs.x}}", ExpressionKind::input, "", "x"},
      {"${{ inputs.learning_rate }}", ExpressionKind::input, "", "learning_rate"},
      {"${{inputs.group.x}}", ExpressionKind::input, "", "group.x"},
      {"${{outputs.model-1}}", ExpressionKind::output, "", "model-1"},
      {"${{parent.inputs.type}}", ExpressionKind::parent_input, "", "type"},
      {"${{ parent.outputs.y}}", ExpressionKind::parent_output, "", "y"},
      {"${{parent.jobs.train-1.outputs.model}}", ExpressionKind::node_output, "train-1", "model"},
      {"${{parent.jobs.t.inputs.a}}", ExpressionKind::node_input, "t", "a"},
      {"${{\tsearch_space.lr\n}}", ExpressionKind::search_space, "", "lr"},
      {"${{name}}", ExpressionKind::name, "", ""},
      {"  ${{ default_datastore }} ", ExpressionKind::default_datastore, "", ""},
  };
  for (const Case& c : cases) {
    const auto parsed = parse_whole_expression(c.text);
    ASSERT_TRUE(parsed) << c.text << ": " << parsed.error().text();
    ASSERT_TRUE(*parsed) << c.text;
    EXPECT_EQ((*parsed)->kind, c.kind) << c.text;
    EXPECT_EQ((*parsed)->node, c.node) << c.text;
    EXPECT_EQ((*parsed)->name, c.name) << c.text;
    const auto again = parse_whole_expression((*parsed)->text());
    ASSERT_TRUE(again && *again) << (*parsed)->text();
    EXPECT_EQ((*again)->text(), (*parsed)->text());
  }
}

TEST(Expressions, MistakesNameTheColumnAndHelp) {
  struct Case {
    std::string text;
    std::string message;
    std::string hint;
  };
  const Case cases[] = {
      {"python ${{inputs.x", "column 8: this ${{ is not closed by }}", ""},
      {"a ${{input.x}}", "column 3: 'input.x' is no expression", "did you mean 'inputs'?"},
      {"${{}}", "column 1: an empty expression", "inputs.X"},
      {"${{inputs}}", "column 1: 'inputs' must end with a name", ""},
      {"${{inputs.a b}}", "column 1: 'inputs.a b' must end with a name", ""},
      {"${{parent.jobs.x}}", "column 1: 'parent.jobs.x' must go on with .outputs.<name>", ""},
      {"${{parent.jobs..outputs.o}}", "names no step", ""},
      {"${{parent.jobs.j.outputs.}}", "names no outputs of step 'j'", ""},
      {"${{parent.search_space.x}}", "is no expression", ""},
      {"x $[[--a ${{inputs.x}}", "column 3: this $[[ is not closed by ]]", ""},
      {"$[[ $[[ ]] ]]", "column 5: a $[[ group stands inside another one", ""},
  };
  for (const Case& c : cases) {
    const auto parsed = parse_template(c.text);
    ASSERT_FALSE(parsed) << c.text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid);
    EXPECT_NE(parsed.error().message.find(c.message), std::string::npos) << parsed.error().text();
    EXPECT_NE(parsed.error().hint.find(c.hint), std::string::npos) << parsed.error().text();
  }
  EXPECT_EQ(parse_template(std::string(max_template_bytes + 1, 'x')).error().code, ErrorCode::too_large);
}

TEST(Expressions, TextThatOnlyLooksLikeOneStaysAsItIs) {
  for (const char* text : {"echo $HOME ${X} $(date) {{x}} ]] }}", "", "a[[1]] $ [[", "if [[ -f x ]]; then echo; fi"}) {
    const auto parsed = parse_template(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(expressions_of(*parsed).empty());
    EXPECT_EQ(render(*parsed, [](const Expression&) -> Result<std::optional<std::string>> { return "no"; }), text);
  }
  EXPECT_FALSE(*parse_whole_expression("x ${{inputs.x}}"));
  EXPECT_FALSE(*parse_whole_expression("${{inputs.x}}/part"));
}

TEST(Expressions, RenderingDropsGroupsWithUnsetInputs) {
  const Lookup lookup = [](const Expression& e) -> Result<std::optional<std::string>> {
    if (e.name == "unset") return std::nullopt;
    if (e.name == "bad") return fail(ErrorCode::not_found, "no such input");
    return "<" + e.name + ">";
  };
  const auto rendered = [&](std::string_view text) { return render(*parse_template(text), lookup); };
  EXPECT_EQ(*rendered("run ${{inputs.a}} --o ${{outputs.b}}"), "run <a> --o <b>");
  EXPECT_EQ(*rendered("run $[[--x ${{inputs.a}}]] $[[--y ${{inputs.unset}} --z ${{inputs.a}}]]end"), "run --x <a> end");
  EXPECT_EQ(*rendered("$[[always]]"), "always");
  EXPECT_EQ(*rendered("a${{inputs.unset}}b"), "ab");
  EXPECT_EQ(rendered("${{inputs.bad}}").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ciclo::inner_loop
