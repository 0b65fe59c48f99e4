#include "inner_loop/environments/builder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "platform/process/fake_runner.hpp"

namespace ciclo::inner_loop {
namespace {

using namespace std::chrono_literals;
using process::FakeRunner;
using process::ProcessSpec;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

class BuilderTest : public testing::Test {
 protected:
  BuilderTest() {
    std::string name = (std::filesystem::temp_directory_path() / "ciclo-environments-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    for (const auto& entry : inherited_variables())
      if (!entry.first.starts_with("PIP_")) settings_.variables.insert(entry);
    settings_.root = folder_ / "environments";
    // A machine with one Python, for the tests that play it.
    std::filesystem::create_directories(folder_ / "usr");
    std::ofstream(folder_ / "usr" / "python3.11") << "ELF";
    std::filesystem::permissions(folder_ / "usr" / "python3.11", std::filesystem::perms::owner_all);
    real_path_ = settings_.variables["PATH"];
    settings_.variables["PATH"] = (folder_ / "usr").string();
  }
  ~BuilderTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  static Json conda(std::vector<std::string> pip) {
    return {{"image", "some/image"}, {"conda_file", {{"dependencies", Json::array({"python=3", Json{{"pip", pip}}})}}}};
  }
  // pip, played: says `output` and ends with `code`; making the virtual environment succeeds.
  static FakeRunner::Program pip_that(std::string output, int code) {
    return [output, code](const ProcessSpec& spec) -> std::optional<int> {
      if (spec.arguments[2] == "venv") return 0;
      std::ofstream(spec.stdout_file, std::ios::app) << output;
      return code;
    };
  }

  std::filesystem::path folder_;
  std::string real_path_;
  EnvironmentBuilder::Settings settings_;
  std::stop_token never_;
};

TEST_F(BuilderTest, WithoutACondaFileTheMachineServes) {
  FakeRunner runner;
  EnvironmentBuilder builder(runner, settings_);
  const auto built = builder.get({{"image", "openmpi:latest"}}, never_);
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_EQ(built->identity, "host");
  EXPECT_TRUE(built->folder.empty());
  EXPECT_FALSE(built->variables.at("PATH").empty());
  EXPECT_TRUE(runner.started().empty());
  EXPECT_EQ(*builder.identity_of({{"image", "other"}}), "host");
}

TEST_F(BuilderTest, AMachineWithPython3OnlyAlsoHasPython) {
  const auto bin = folder_ / "bin";
  std::filesystem::create_directories(bin);
  std::ofstream(bin / "python3.11") << "ELF";
  std::filesystem::permissions(bin / "python3.11", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink("python3.11", bin / "python3");
  settings_.variables["PATH"] = bin.string();
  FakeRunner runner;
  EnvironmentBuilder builder(runner, settings_);
  for (int i = 0; i < 2; ++i) {
    const auto built = builder.get(nullptr, never_);
    ASSERT_TRUE(built) << built.error().text();
    const std::string path = built->variables.at("PATH");
    const std::filesystem::path first = path.substr(0, path.find(':'));
    EXPECT_EQ(std::filesystem::canonical(first / "python"), std::filesystem::canonical(bin / "python3.11"));
  }
}

TEST_F(BuilderTest, IsBuiltOnceForAllWhoAsk) {
  std::promise<void> pip_started;
  std::promise<void> let_go;
  auto gate = let_go.get_future().share();
  std::atomic<int> installs = 0;
  FakeRunner runner([&](const ProcessSpec& spec) -> std::optional<int> {
    if (spec.arguments[2] == "venv") return 0;
    if (++installs == 1) pip_started.set_value();
    gate.wait();
    return 0;
  });
  EnvironmentBuilder builder(runner, settings_);
  std::vector<std::future<Result<BuiltEnvironment>>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(std::async(std::launch::async, [&] { return builder.get(conda({"six"}), never_); }));
  pip_started.get_future().wait();
  let_go.set_value();
  for (auto& one : all) {
    const auto built = one.get();
    ASSERT_TRUE(built) << built.error().text();
    EXPECT_EQ(built->variables.at("PATH").rfind((built->folder / "bin").string() + ":", 0), 0U);
    EXPECT_EQ(built->variables.at("VIRTUAL_ENV"), built->folder.string());
  }
  EXPECT_EQ(installs, 1);
  EnvironmentBuilder later(runner, settings_);
  EXPECT_TRUE(later.get(conda({"six"}), never_)) << "kept on disk";
  EXPECT_EQ(installs, 1);
  EXPECT_TRUE(later.get(conda({"seven"}), never_));
  EXPECT_EQ(installs, 2) << "another content is another environment";
}

TEST_F(BuilderTest, AFailureNamesTheCauseWithTheLastLinesAndIsNotKept) {
  std::atomic<bool> broken = true;
  FakeRunner runner([&](const ProcessSpec& spec) {
    return broken ? pip_that("Collecting a\nERROR: ResolutionImpossible\n", 1)(spec) : std::optional<int>(0);
  });
  EnvironmentBuilder builder(runner, settings_);
  const auto failed = builder.get(conda({"a==1", "b"}), never_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::invalid);
  EXPECT_NE(failed.error().message.find("contradict each other; the log ends with:\n"), std::string::npos)
      << failed.error().text();
  EXPECT_NE(failed.error().message.find("ERROR: ResolutionImpossible"), std::string::npos);
  EXPECT_NE(contents(builder.log_file(conda({"a==1", "b"}))).find("Collecting a"), std::string::npos);
  broken = false;
  EXPECT_TRUE(builder.get(conda({"a==1", "b"}), never_));
}

TEST_F(BuilderTest, AnUnreachableIndexIsTheEnvironmentsFaultNotTheUsers) {
  FakeRunner runner(pip_that("NewConnectionError\nERROR: No matching distribution found for a\n", 1));
  EnvironmentBuilder builder(runner, settings_);
  EXPECT_EQ(builder.get(conda({"a"}), never_).error().code, ErrorCode::unavailable);
}

TEST_F(BuilderTest, WhatTheIndexDoesNotHaveIsSkippedUnlessStrict) {
  FakeRunner runner([](const ProcessSpec& spec) -> std::optional<int> {
    if (spec.arguments[2] == "venv") return 0;
    if (contents(spec.arguments.back()).find("no_such") == std::string::npos) return 0;
    std::ofstream(spec.stdout_file, std::ios::app) << "ERROR: No matching distribution found for no-such==9\n";
    return 1;
  });
  EnvironmentBuilder builder(runner, settings_);
  const auto built = builder.get(conda({"six", "no_such == 9"}), never_);
  ASSERT_TRUE(built) << built.error().text();
  ASSERT_EQ(built->warnings.size(), 1U);
  EXPECT_NE(built->warnings[0].find("no-such==9"), std::string::npos);
  EXPECT_EQ(builder.get(conda({"six", "no_such == 9"}), never_)->warnings.size(), 1U) << "also from the cache";
  Json strict = conda({"six", "no_such == 9"});
  strict["properties"] = {{"strict", true}};
  EXPECT_EQ(builder.get(strict, never_).error().code, ErrorCode::invalid);
}

TEST_F(BuilderTest, WaitingCanBeGivenUp) {
  std::stop_source stop;
  FakeRunner runner([&](const ProcessSpec&) -> std::optional<int> {
    stop.request_stop();
    return std::nullopt;  // runs on
  });
  EnvironmentBuilder builder(runner, settings_);
  EXPECT_EQ(builder.get(conda({"six"}), stop.get_token()).error().code, ErrorCode::conflict);
}

TEST_F(BuilderTest, ABuildThatTakesTooLongIsEnded) {
  settings_.build_timeout = 20ms;
  FakeRunner runner;
  EnvironmentBuilder builder(runner, settings_);
  EXPECT_EQ(builder.get(conda({"six"}), never_).error().code, ErrorCode::timeout);
}

// The real pip, with a package folder instead of an index.
TEST_F(BuilderTest, PipInstallsFromAFolderOfPackages) {
  settings_.variables["PATH"] = real_path_;
  const auto runner = process::make_local_runner();
  const auto packages = folder_ / "packages";
  const auto source = folder_ / "source";
  std::filesystem::create_directories(source / "ciclo_probe-1.0.dist-info");
  std::filesystem::create_directories(packages);
  std::ofstream(source / "ciclo_probe.py") << "answer = 42\n";
  const auto info = source / "ciclo_probe-1.0.dist-info";
  std::ofstream(info / "METADATA") << "Metadata-Version: 2.1\nName: ciclo-probe\nVersion: 1.0\n";
  std::ofstream(info / "WHEEL") << "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
  std::ofstream(info / "RECORD") << "ciclo_probe.py,,\nciclo_probe-1.0.dist-info/METADATA,,\nciclo_probe-1.0.dist-info/"
                                    "WHEEL,,\nciclo_probe-1.0.dist-info/RECORD,,\n";
  const auto run = [&](std::vector<std::string> arguments, std::map<std::string, std::string> variables,
                       const std::string& name) {
    const auto handle = runner->start({.arguments = std::move(arguments),
                                       .environment = std::move(variables),
                                       .working_folder = source,
                                       .stdout_file = folder_ / (name + ".out"),
                                       .stderr_file = folder_ / (name + ".out"),
                                       .exit_file = folder_ / (name + ".exit")});
    EXPECT_TRUE(handle) << handle.error().text();
    return handle && runner->wait(*handle, 60s) ? runner->state(*handle).exit_code : std::nullopt;
  };
  ASSERT_EQ(run({"python3", "-m", "zipfile", "-c", (packages / "ciclo_probe-1.0-py3-none-any.whl").string(),
                 "ciclo_probe.py", "ciclo_probe-1.0.dist-info/"},
                settings_.variables, "zip"),
            0)
      << contents(folder_ / "zip.out");

  settings_.variables["PIP_NO_INDEX"] = "1";
  settings_.variables["PIP_FIND_LINKS"] = packages.string();
  EnvironmentBuilder builder(*runner, settings_);
  const Json spec = conda({"ciclo-probe==1.0", "ciclo-missing-probe", "git+https://127.0.0.1:1/none.git"});
  const auto built = builder.get(spec, never_);
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_EQ(built->warnings.size(), 2U) << contents(builder.log_file(spec));
  EXPECT_EQ(
      run({"python", "-c", "import ciclo_probe; raise SystemExit(ciclo_probe.answer)"}, built->variables, "probe"), 42)
      << contents(folder_ / "probe.out");
}

}  // namespace
}  // namespace ciclo::inner_loop
