#include "inner_loop/environments/conda_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/yaml.hpp"
#include "inner_loop/environments/interpreters.hpp"
#include "inner_loop/environments/pip_build.hpp"

namespace ciclo::inner_loop {
namespace {

Json yaml(std::string_view text) {
  auto parsed = parse_yaml(text, "conda.yml");
  EXPECT_TRUE(parsed) << parsed.error().text();
  return parsed ? parsed->value : Json();
}

TEST(CondaFile, CondaPackagesBecomeRequirements) {
  const std::pair<const char*, const char*> cases[] = {
      {"numpy", "numpy"},
      {"numpy=1.26", "numpy==1.26.*"},
      {"numpy=1.26.*", "numpy==1.26.*"},
      {"numpy==1.26.4", "numpy==1.26.4"},
      {"numpy=1.26.4=py311h1234_0", "numpy==1.26.4"},
      {"numpy 1.26", "numpy==1.26.*"},
      {"numpy>=1.2,<2", "numpy>=1.2,<2"},
      {"numpy >=1.2, <2", "numpy>=1.2,<2"},
      {"scikit-learn~=1.5", "scikit-learn~=1.5"},
      {"pytorch=2.1", "torch==2.1.*"},
      {"OpenCV", "opencv-python-headless"},
      {"cudatoolkit=11.3", ""},
      {"_libgcc_mutex", ""},
  };
  for (const auto& [conda, pip] : cases) EXPECT_EQ(pip_requirement_of(conda), pip) << conda;
}

TEST(CondaFile, TheTemplatesFileIsUnderstood) {
  const auto plan = plan_conda(yaml(R"(
conda_file:
  name: train
  channels: [defaults, anaconda]
  dependencies:
    - python=3.11
    - conda-forge::pip=23
    - cudatoolkit=11
    - numpy=1.26
    - pip:
        - pandas==2.2.0
        - scikit-learn>=1.5 # the trainer
        - azure-ai-ml
        - git+https://user:secret@127.0.0.1:1/x/y.git#subdirectory=z
        - tool @ https://127.0.0.1:1/tool.whl
        - -r other.txt
        - --extra-index-url https://127.0.0.1/simple
        - --user
  variables: {A: b, N: 3}
)"));
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->python, "3.11");
  EXPECT_EQ(plan->requirements,
            (std::vector<std::string>{"numpy==1.26.*", "pandas==2.2.0", "scikit-learn>=1.5", "azure-ai-ml",
                                      "--extra-index-url https://127.0.0.1/simple"}));
  ASSERT_EQ(plan->warnings.size(), 5U);
  for (const std::string& warning : plan->warnings) EXPECT_EQ(warning.find("secret"), std::string::npos) << warning;
  EXPECT_EQ(plan->variables, (std::map<std::string, std::string>{{"A", "b"}, {"N", "3"}}));
}

TEST(CondaFile, StrictTakesEverythingOrNothing) {
  const auto kept = plan_conda(
      yaml("{properties: {strict: 'true'}, conda_file: {dependencies: [{pip: ['git+https://127.0.0.1:1/x.git']}]}}"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->requirements, std::vector<std::string>{"git+https://127.0.0.1:1/x.git"});
  const auto refused = plan_conda(yaml("{conda_file: {strict: true, dependencies: [gcc]}}"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().target, "/conda_file/dependencies/0");
}

TEST(CondaFile, OddFiles) {
  EXPECT_TRUE(is_host_environment(yaml("{image: x}")));
  EXPECT_TRUE(is_host_environment(yaml("{conda_file: {name: x, dependencies: }}")));
  EXPECT_FALSE(is_host_environment(yaml("{conda_file: {dependencies: [python=3.11]}}")));
  EXPECT_FALSE(is_host_environment(yaml("{conda_file: ./conda.yml}")));
  EXPECT_EQ(plan_conda(yaml("{conda_file: ./conda.yml}")).error().target, "/conda_file");
  EXPECT_EQ(plan_conda(yaml("{conda_file: {dependencies: [3]}}")).error().target, "/conda_file/dependencies/0");
  EXPECT_EQ(plan_conda(yaml("{conda_file: {dependencies: [{npm: [x]}]}}")).error().target,
            "/conda_file/dependencies/0/npm");
  EXPECT_EQ(plan_conda(yaml("{conda_file: {dependencies: [{pip: [5]}]}}")).error().target,
            "/conda_file/dependencies/0/pip/0");
  EXPECT_EQ(plan_conda(yaml("{conda_file: {dependencies: [{pip: [\"a\\nb\"]}]}}")).error().target,
            "/conda_file/dependencies/0/pip/0");
  EXPECT_EQ(plan_conda(yaml("{conda_file: {dependencies: ['python>=3.8,<3.12']}}"))->python, "3.8");
  EXPECT_TRUE(plan_conda(yaml("{conda_file: {dependencies: [{pip: }]}}"))->requirements.empty());
}

TEST(Interpreters, TheNearestIsChosen) {
  std::string name = (std::filesystem::temp_directory_path() / "ciclo-python-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(name.data());
  for (const char* program : {"python3.9", "python3.11", "python3.11-config", "python3.12", "python3.14", "python3.15",
                              "pythonw3.10", "python3"}) {
    if (std::string_view(program) == "python3") {
      std::filesystem::create_symlink("python3.11", folder / program);
      continue;
    }
    // 3.14 and 3.15 are scripts of a version manager.
    std::ofstream(folder / program) << (std::string_view(program) == "python3.14" ||
                                                std::string_view(program) == "python3.15"
                                            ? "#!/bin/sh\n"
                                            : "ELF");
    std::filesystem::permissions(folder / program, std::filesystem::perms::owner_all);
  }
  const VersionProbe probe = [](const std::filesystem::path& path) -> std::optional<std::string> {
    return path.filename() == "python3.14" ? std::optional("3.14.2\n") : std::nullopt;
  };
  const auto found = find_interpreters(folder.string() + ":/no/such/folder:" + folder.string(), probe);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].version(), "3.14");
  const std::pair<const char*, const char*> cases[] = {{"3.11", "3.11"}, {"3.11.4", "3.11"}, {"3.10", "3.11"},
                                                       {"3.7.5", "3.9"}, {"3.13", "3.14"},   {"3.20", "3.14"},
                                                       {"", "3.11"},     {"3", "3.11"}};
  for (const auto& [wanted, chosen] : cases) EXPECT_EQ(choose_interpreter(wanted, found)->version(), chosen) << wanted;
  EXPECT_FALSE(choose_interpreter("3.11", {}));
  std::filesystem::remove_all(folder);
}

TEST(PipOutput, IsDiagnosed) {
  const auto missing = diagnose_pip(
      "ERROR: Could not find a version that satisfies the requirement nope==1 (from versions: none)\nERROR: No "
      "matching distribution found for nope==1\n");
  EXPECT_EQ(missing.kind, PipFailure::Kind::no_such_package);
  EXPECT_EQ(missing.requirement, "nope==1");
  EXPECT_EQ(
      diagnose_pip("WARNING: Retrying … NewConnectionError('…')\nERROR: No matching distribution found for pandas\n")
          .kind,
      PipFailure::Kind::unreachable);
  EXPECT_EQ(diagnose_pip("ERROR: ResolutionImpossible: for help visit").kind, PipFailure::Kind::conflict);
  EXPECT_EQ(diagnose_pip("error: command 'gcc' failed").kind, PipFailure::Kind::other);
  EXPECT_EQ(last_lines("a\n\nb\nc\n\n", 2), "b\nc");
  EXPECT_EQ(last_lines("", 2), "");
}

}  // namespace
}  // namespace ciclo::inner_loop
