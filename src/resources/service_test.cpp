#include "resources/service.hpp"

#include <gtest/gtest.h>

#include "resources/testing.hpp"

namespace ciclo::resources {
namespace {

constexpr std::string_view workspace_schema = R"({"type":"object","required":["name"],"additionalProperties":false,
  "properties":{"name":{"type":"string"}}})";
constexpr std::string_view note_schema = R"({"type":"object","additionalProperties":false,
  "properties":{"name":{"type":"string"},"text":{"type":"string"},"description":{"type":"string"},"tags":{"type":["object","null"]}}})";
constexpr std::string_view recipe_schema = R"({"type":"object","required":["name"],"additionalProperties":false,
  "properties":{"name":{"type":"string"},"version":{"type":["string","number"]},"path":{"type":"string"},
  "description":{"type":"string"},"tags":{"type":["object","null"]}}})";

Kind make_kind(std::string name, std::string_view schema) {
  Kind kind;
  kind.name = name;
  kind.plural = name + "s";
  kind.title = name;
  kind.component = "storage";
  kind.schema = schema;
  return kind;
}

KindTable make_table() {
  KindTable table;
  Kind workspace = make_kind("workspace", workspace_schema);
  workspace.scope = Scope::organisation;
  workspace.component = "workspace";
  EXPECT_TRUE(table.add(std::move(workspace)));
  EXPECT_TRUE(table.add(make_kind("note", note_schema)));
  Kind recipe = make_kind("recipe", recipe_schema);
  recipe.versioning = Versioning::versions;
  recipe.mutability = Mutability::asset;
  EXPECT_TRUE(table.add(std::move(recipe)));
  return table;
}

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() : resources_(make_table()) { EXPECT_TRUE(resources_.create("", "workspace", {{"name", "dev"}})); }

  std::vector<std::string> event_types() {
    const auto events = resources_.events->read_after(0, 100);
    EXPECT_TRUE(events);
    std::vector<std::string> types;
    for (const auto& event : *events) types.push_back(event.type);
    return types;
  }

  TestResources resources_;
};

TEST_F(ServiceTest, AChangeIsAResourceAnEventAndAnAuditRow) {
  const auto note = resources_.create("dev", "note", {{"name", "a"}, {"text", "x"}, {"tags", {{"k", 1}}}});
  ASSERT_TRUE(note) << note.error().text();
  EXPECT_EQ(note->spec, Json({{"text", "x"}}));
  EXPECT_EQ(note->tags, Json({{"k", "1"}}));
  EXPECT_EQ(note->created_by, "maria");
  EXPECT_EQ(event_types(), (std::vector<std::string>{"ciclo.workspace.created", "ciclo.note.created"}));
  ASSERT_EQ(resources_.access.entries.size(), 2U);
  EXPECT_EQ(resources_.access.entries.back().target, "/workspaces/dev/note/a");
}

TEST_F(ServiceTest, WhatFailsLeavesNothingBehind) {
  EXPECT_EQ(resources_.create("dev", "note", {{"name", "a"}, {"txt", "x"}}).error().hint, "did you mean 'text'?");
  EXPECT_EQ(resources_.create("nowhere", "note", {{"name", "a"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(resources_.create("dev", "note", {{"name", "../a"}}).error().target, "/name");
  ASSERT_TRUE(resources_.create("dev", "note", {{"name", "a"}}));
  EXPECT_EQ(resources_.create("dev", "note", {{"name", "a"}}).error().code, ErrorCode::already_exists);
  EXPECT_EQ(event_types().size(), 2U);
}

TEST_F(ServiceTest, NobodyMayDoNothing) {
  const Caller nobody{.principal = "nobody", .only_workspace = "", .token_id = "", .request_id = ""};
  const auto made =
      resources_.service->create(nobody, {.workspace = "dev", .kind = "note", .document = {{"name", "a"}}});
  EXPECT_EQ(made.error().code, ErrorCode::not_found);  // not even that the workspace exists
  EXPECT_FALSE(resources_.service->list(nobody, {.workspace = "dev", .kind = "note"}));
}

TEST_F(ServiceTest, VersionsCountUpAndTheirSpecNeverChanges) {
  const auto first = resources_.create("dev", "recipe", {{"name", "cake"}, {"path", "a"}});
  const auto second = resources_.create("dev", "recipe", {{"name", "cake"}, {"path", "b"}});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->key.version, "1");
  EXPECT_EQ(second->key.version, "2");
  EXPECT_EQ(resources_.service->resolve(resources_.caller, "recipe", "dev", "azureml:cake@latest")->key.version, "2");
  EXPECT_EQ(resources_.service->resolve(resources_.caller, "recipe", "dev", "azureml:cake:1")->spec["path"], "a");
  const auto changed = resources_.service->update(resources_.caller, {.key = first->key, .patch = {{"path", "c"}}});
  EXPECT_EQ(changed.error().code, ErrorCode::conflict);
  EXPECT_TRUE(resources_.service->update(resources_.caller, {.key = first->key, .patch = {{"description", "good"}}}));
  ASSERT_TRUE(resources_.service->set_archived(resources_.caller, second->key, true));
  EXPECT_EQ(resources_.service->resolve(resources_.caller, "recipe", "dev", "cake@latest")->key.version, "1");
}

TEST_F(ServiceTest, ANumberIsNeverGivenAgain) {
  const auto make = [&](Json more = Json::object()) {
    more.update({{"name", "cake"}, {"path", "a"}});
    const auto made = resources_.create("dev", "recipe", more);
    return made ? made->key.version : made.error().text();
  };
  const auto remove = [&](const std::string& version) {
    return resources_.service
        ->remove(resources_.caller,
                 {.workspace = "dev", .kind = "recipe", .parent = {}, .name = "cake", .version = version})
        .has_value();
  };
  EXPECT_EQ(make(), "1");
  EXPECT_EQ(make(), "2");
  ASSERT_TRUE(remove("2"));
  EXPECT_EQ(make(), "3");
  EXPECT_EQ(make({{"version", "9"}}), "9");
  ASSERT_TRUE(remove("9") && remove("3") && remove("1"));
  EXPECT_EQ(make(), "10");
  EXPECT_EQ(make({{"version", "9223372036854775807"}}), "9223372036854775807");
  EXPECT_EQ(make({{"version", "2026-01"}}), "2026-01");
  EXPECT_EQ(make(), "11");
}

TEST_F(ServiceTest, AStaleChangeIsAConflict) {
  const auto note = resources_.create("dev", "note", {{"name", "a"}, {"text", "1"}});
  ASSERT_TRUE(resources_.service->update(resources_.caller, {.key = note->key, .patch = {{"text", "2"}}}));
  const auto stale = resources_.service->update(
      resources_.caller, {.key = note->key, .patch = {{"text", "3"}}, .expected_revision = note->revision});
  EXPECT_EQ(stale.error().code, ErrorCode::conflict);
  EXPECT_EQ(resources_.service->get(resources_.caller, note->key)->spec["text"], "2");
}

TEST_F(ServiceTest, AMissingNameNamesTheNearest) {
  ASSERT_TRUE(resources_.create("dev", "note", {{"name", "weather"}}));
  ResourceKey key{.workspace = "dev", .kind = "note", .parent = "", .name = "wether", .version = ""};
  EXPECT_EQ(resources_.service->get(resources_.caller, key).error().hint, "did you mean 'weather'?");
}

TEST_F(ServiceTest, ListsAreKeysetPagedAndFilterByTag) {
  for (int i = 0; i < 25; ++i)
    ASSERT_TRUE(resources_.create(
        "dev", "note", {{"name", "n" + std::to_string(i)}, {"tags", {{"even", i % 2 == 0 ? "yes" : "no"}}}}));
  ListRequest request{.workspace = "dev", .kind = "note"};
  request.tags = {{"even", "yes"}};
  request.limit = 5;
  std::vector<std::string> seen;
  do {
    const auto page = resources_.service->list(resources_.caller, request);
    ASSERT_TRUE(page);
    for (const auto& item : page->items) seen.push_back(item.key.name);
    request.page_token = page->next_page_token;
  } while (!request.page_token.empty());
  ASSERT_EQ(seen.size(), 13U);
  EXPECT_EQ(seen.front(), "n24");
  EXPECT_EQ(seen.back(), "n0");
  request.page_token = "x; DROP TABLE resources";
  EXPECT_EQ(resources_.service->list(resources_.caller, request).error().code, ErrorCode::invalid);
}

TEST_F(ServiceTest, StatusChangesTellWhatHappened) {
  const auto note = resources_.create("dev", "note", {{"name", "a"}});
  const auto changed = resources_.service->change_status(
      note->key, [](Resource& resource) { return resource.status["state"] = "done", true; },
      {.event = "finished",
       .event_data = {{"score", 3}},
       .links = {{.from = "/x", .to = note->key.path(), .relation = "input"}}});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->generation, 1);
  EXPECT_EQ(event_types().back(), "ciclo.note.finished");
  const auto edges = resources_.database->read([&](sql::Session& session) {
    return resources_.store.lineage(session, note->key.path(), ResourceStore::Direction::upstream);
  });
  ASSERT_EQ(edges->size(), 1U);
  EXPECT_EQ(edges->front().from, "/x");
}

TEST_F(ServiceTest, LabelsPointAtOneVersion) {
  const auto first = resources_.create("dev", "recipe", {{"name", "cake"}, {"path", "a"}});
  ASSERT_TRUE(resources_.database->write(
      [&](sql::Session& session) { return resources_.store.set_label(session, first->key, "champion"); }));
  EXPECT_EQ(resources_.service->resolve(resources_.caller, "recipe", "dev", "cake@champion")->key.version, "1");
  EXPECT_EQ(resources_.service->resolve(resources_.caller, "recipe", "dev", "cake@none").error().code,
            ErrorCode::not_found);
}

}  // namespace
}  // namespace ciclo::resources
