// Artifacts over the router: the proxy, uploads in parts, presigned addresses, and Ciclo's own paths of a run.
#include "inner_loop/tracking/api_fixture.hpp"
#include "platform/blobs/uploads.hpp"

namespace ciclo::tracking::testing {
namespace {

class ArtifactApiTest : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    if (IsSkipped()) return;
    // A link that shows what it is for.
    const MakeLink links = [](const LinkWish& wish) -> Result<std::string> {
      return std::string(http::name_of(wish.method)) + " " + wish.path + " " + std::to_string(wish.life.count());
    };
    const auto added = add_tracking_routes(routes_, *tracking_, {*blobs_, nullptr, links});
    ASSERT_TRUE(added) << added.error().text();
    run_ = run("0");
    root_ = "0/" + run_ + "/artifacts";
  }
  Answer proxy(http::Method method, const std::string& path, const std::string& body = "") const {
    return files_.send(method, "/api/2.0/mlflow-artifacts/" + path, body);
  }
  Answer native(http::Method method, const std::string& path, const std::string& body = "") const {
    return files_.send(method, "/api/v1/workspaces/default/runs/" + run_ + "/artifacts" + path, body);
  }
  Answer mpu(const std::string& step, const std::string& folder, const Json& body) const {
    return proxy(http::Method::post, "mpu/" + step + "/" + folder, to_text(body));
  }
  // "PUT /api/… 86400" → the answer to a PUT there.
  Answer follow(const std::string& link, const std::string& body) const {
    const std::size_t from = link.find(' ') + 1;
    return files_.send(http::Method::put, link.substr(from, link.rfind(' ') - from), body);
  }

  http::Router routes_;
  Wire files_{routes_};
  std::string run_;
  std::string root_;
};

TEST_P(ArtifactApiTest, StoresAndDeletesByPath) {
  EXPECT_EQ(proxy(http::Method::put, "artifacts/" + root_ + "/a/b.txt", "hello").status, 200);
  EXPECT_EQ(native(http::Method::get, "/a/b.txt").text, "hello");
  EXPECT_EQ(native(http::Method::put, "/a/c.txt", "there").status, 201);
  const auto listed = native(http::Method::get, "?recursive=true");
  ASSERT_EQ(member(listed.body, "value").size(), 2U) << listed.text;
  EXPECT_EQ(text_or(listed.body["value"][0], "name"), "a/b.txt");
  EXPECT_EQ(text_or(listed.body["value"][0], "sha256").size(), 64U);
  EXPECT_EQ(native(http::Method::get, "/a/b.txt?recursive=true").body["is_file"], true);
  EXPECT_EQ(native(http::Method::del, "/none").status, 404);
  EXPECT_EQ(proxy(http::Method::del, "artifacts/0").status, 400) << "a whole experiment";
  EXPECT_EQ(native(http::Method::del, "/a").status, 204);
  EXPECT_EQ(native(http::Method::get, "/a/b.txt").status, 404);
  EXPECT_EQ(files_.get("/api/v1/workspaces/default/runs/none/artifacts/a").status, 404);
}

TEST_P(ArtifactApiTest, JoinsParts) {
  const auto made = mpu("create", root_ + "/models", {{"path", "C:\\data\\big file.bin"}, {"num_parts", 2}});
  ASSERT_EQ(made.status, 200) << made.text;
  const std::string id = text_or(made.body, "upload_id");
  const Json& credentials = member(made.body, "credentials");
  ASSERT_EQ(credentials.size(), 2U);
  EXPECT_EQ(text_or(credentials[1], "url"),
            "PUT /api/2.0/mlflow-artifacts/mpu/part/" + id + "/2/" + root_ + "/models/big file.bin 86400");
  const std::string part = "/api/2.0/mlflow-artifacts/mpu/part/" + id;
  const std::string place = root_ + "/models/big%20file.bin";
  EXPECT_EQ(files_.send(http::Method::put, part + "/2/" + place, "two").status, 200);
  EXPECT_EQ(files_.send(http::Method::put, part + "/3/" + place, "x").status, 400);
  EXPECT_EQ(files_.send(http::Method::put, part + "/x/" + place, "x").status, 400);
  EXPECT_EQ(files_.send(http::Method::put, part + "/1/" + root_ + "/other", "x").status, 404);
  EXPECT_EQ(files_.send(http::Method::put, part + "/1/" + place, "one ").status, 200);
  Json body{{"path", "big file.bin"}, {"upload_id", id}, {"parts", Json::array()}};
  const auto parts = blobs_->uploads().parts(id);
  ASSERT_TRUE(parts);
  EXPECT_EQ(mpu("complete", root_ + "/models", body).status, 400) << "no parts are named";
  for (const auto& each : *parts)
    body["parts"].push_back({{"part_number", each.number}, {"etag", "\"" + each.sha256 + "\""}});
  EXPECT_EQ(mpu("complete", root_ + "/elsewhere", body).status, 404);
  EXPECT_EQ(mpu("complete", root_ + "/models", body).status, 200);
  EXPECT_EQ(native(http::Method::get, "/models/big%20file.bin").text, "one two");
  EXPECT_EQ(mpu("abort", root_ + "/models", body).status, 200);
  EXPECT_EQ(native(http::Method::get, "/models/big%20file.bin").text, "one two") << "complete is complete";
  for (const Json& wrong : {Json{{"num_parts", 1}}, Json{{"path", "x"}, {"num_parts", -1}},
                            Json{{"path", "x"}, {"num_parts", 10'001}}, Json{{"path", "x/.."}, {"num_parts", 1}}})
    EXPECT_EQ(mpu("create", root_, wrong).status, 400) << to_text(wrong);
  EXPECT_EQ(mpu("create", "@models/m/1", {{"path", "x"}, {"num_parts", 1}}).status, 403);
}

TEST_P(ArtifactApiTest, OffersPresignedAddresses) {
  const auto presigned = [&](const std::string& step, const Json& body) {
    return files_.post("/api/2.0/mlflow/artifacts/presigned-" + step + "-url", body);
  };
  const auto up = presigned("upload", {{"run_id", run_}, {"path", "a/b"}});
  EXPECT_EQ(text_or(up.body, "presigned_url"), "PUT /api/2.0/mlflow-artifacts/artifacts/" + root_ + "/a/b 900");
  EXPECT_EQ(presigned("download", {{"run_id", run_}, {"path", "a/b"}}).status, 404) << "it is not there yet";
  EXPECT_EQ(follow(text_or(up.body, "presigned_url"), "12345").status, 200);
  const auto down = presigned("download", {{"run_id", run_}, {"path", "a/b"}, {"expiration", 60}});
  EXPECT_EQ(text_or(down.body, "presigned_url"), "GET /api/2.0/mlflow-artifacts/artifacts/" + root_ + "/a/b 60");
  EXPECT_EQ(member(down.body, "file_size"), 5);
  EXPECT_EQ(proxy(http::Method::get, "presigned/" + root_ + "/a/b").body["file_size"], 5);
  EXPECT_EQ(proxy(http::Method::get, "presigned/" + root_ + "/none").status, 404);
  for (const Json& wrong : {Json{{"path", "a"}}, Json{{"run_id", run_}}, Json{{"run_id", run_}, {"path", "../a"}},
                            Json{{"run_id", run_}, {"model_id", "m"}, {"path", "a"}},
                            Json{{"run_id", run_}, {"path", "a"}, {"expiration", 0}}})
    EXPECT_EQ(presigned("upload", wrong).status, 400) << to_text(wrong);
}

TEST_P(ArtifactApiTest, GivesFilesOfLoggedModels) {
  const auto made = post("logged-models", {{"experiment_id", "0"}, {"name", "m"}});
  const Json& info = at_pointer(made.body, "/model/info");
  const std::string id = text_or(info, "model_id");
  const std::string place = text_or(info, "artifact_uri").substr(std::string("mlflow-artifacts:/").size());
  ASSERT_EQ(proxy(http::Method::put, "artifacts/" + place + "/MLmodel", "flavors: {}").status, 200);
  const std::string files = "/ajax-api/2.0/mlflow/logged-models/" + id + "/artifacts/files";
  EXPECT_EQ(files_.get(files + "?artifact_file_path=MLmodel").text, "flavors: {}");
  EXPECT_EQ(files_.get(files).status, 400);
  EXPECT_EQ(files_.get(files + "?artifact_file_path=..%2F..%2Fx").status, 400);
}

INSTANTIATE_TEST_SUITE_P(Engines, ArtifactApiTest, ::testing::Values(sql::Dialect::sqlite), engine_name);

}  // namespace
}  // namespace ciclo::tracking::testing
