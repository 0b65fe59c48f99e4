#include "platform/process/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/text.hpp"
#include "platform/process/fake_runner.hpp"
#include "platform/process/launch.hpp"
#include "platform/process/proc_files.hpp"

namespace ciclo::process {
namespace {

using namespace std::chrono_literals;

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    std::string name = (std::filesystem::temp_directory_path() / "ciclo-process-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ProcessTest() override {
    for (const ProcessHandle& handle : started_) runner_->terminate(handle, 0ms);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  ProcessSpec spec(std::vector<std::string> arguments) {
    const std::string base = "p" + std::to_string(++count_);
    return {.arguments = std::move(arguments),
            .environment = {{"PATH", "/usr/bin:/bin"}},
            .working_folder = folder_,
            .stdout_file = folder_ / (base + ".out"),
            .stderr_file = folder_ / (base + ".err"),
            .exit_file = folder_ / (base + ".exit")};
  }
  ProcessHandle start(const ProcessSpec& spec) {
    const auto handle = runner_->start(spec);
    EXPECT_TRUE(handle) << handle.error().text();
    if (!handle) return {};
    started_.push_back(*handle);
    return *handle;
  }
  std::optional<int> run(const ProcessSpec& spec) {
    const ProcessHandle handle = start(spec);
    EXPECT_TRUE(runner_->wait(handle, 20s));
    EXPECT_FALSE(runner_->state(handle).running);
    return runner_->state(handle).exit_code;
  }
  // Returns once the program has opened `path` for writing: a named pipe, so nothing polls.
  std::string read_pipe(const std::filesystem::path& path) { return contents(path); }
  std::filesystem::path make_pipe(const std::string& name) {
    const auto path = folder_ / name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  std::filesystem::path folder_;
  std::unique_ptr<ProcessRunner> runner_ = make_local_runner();
  std::vector<ProcessHandle> started_;
  int count_ = 0;
};

TEST_F(ProcessTest, RunsAProgramAndKeepsItsOutputsApart) {
  const ProcessSpec s = spec({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(run(s), 3);
  EXPECT_EQ(contents(s.stdout_file), "out\n");
  EXPECT_EQ(contents(s.stderr_file), "err\n");
  EXPECT_EQ(contents(s.exit_file), "3\n");
}

TEST_F(ProcessTest, OneFileForBothOutputsIsAppendedTo) {
  ProcessSpec s = spec({"sh", "-c", "echo one; echo two >&2; echo three"});
  s.stderr_file = s.stdout_file;
  std::ofstream(s.stdout_file) << "before\n";
  EXPECT_EQ(run(s), 0);
  EXPECT_EQ(contents(s.stdout_file), "before\none\ntwo\nthree\n");
}

TEST_F(ProcessTest, ArgumentsArriveAsTheyAre) {
  const ProcessSpec s = spec({"printf", "<%s>", "a b", "$HOME", "'", "\"", "", "x;y", "new\nline", "*"});
  EXPECT_EQ(run(s), 0);
  EXPECT_EQ(contents(s.stdout_file), "<a b><$HOME><'><\"><><x;y><new\nline><*>");
}

TEST_F(ProcessTest, NothingIsInherited) {
  ASSERT_EQ(::setenv("CICLO_TEST_SECRET", "leak", 1), 0);
  const int leaked = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  auto* const handler = ::signal(SIGPIPE, SIG_IGN);
  ProcessSpec s = spec({"sh", "-c",
                        "env | sort; ls -l /proc/self/fd | grep -c ' -> ' ; grep -E 'Sig(Blk|Ign)' /proc/self/status; "
                        "readlink /proc/self/fd/0"});
  s.environment["A_B"] = "c d";
  const auto code = run(s);
  ::signal(SIGPIPE, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(leaked);
  ::unsetenv("CICLO_TEST_SECRET");
  EXPECT_EQ(code, 0);
  const std::string out = contents(s.stdout_file);
  EXPECT_EQ(out.find("CICLO_TEST_SECRET"), std::string::npos) << out;
  EXPECT_NE(out.find("A_B=c d\n"), std::string::npos) << out;
  EXPECT_NE(out.find("\n4\n"), std::string::npos) << "0, 1, 2 and the one ls opens\n" << out;
  EXPECT_NE(out.find("SigBlk:\t0000000000000000"), std::string::npos) << out;
  // The C library's two internal signals (32 and 33) do not count.
  const auto ignored = std::stoull(out.substr(out.find("SigIgn:") + 7), nullptr, 16);
  EXPECT_EQ(ignored & 0x7fffffffU, 0U) << out;
  EXPECT_NE(out.find("/dev/null"), std::string::npos) << out;
}

TEST_F(ProcessTest, VariablesThatAShellCouldNotWriteArrive) {
  ProcessSpec s = spec({"env"});
  s.environment["n-estimators"] = "5";
  EXPECT_EQ(run(s), 0);
  EXPECT_NE(contents(s.stdout_file).find("n-estimators=5\n"), std::string::npos) << contents(s.stdout_file);
}

TEST_F(ProcessTest, RunsInItsFolderAndFindsProgramsRelativeToIt) {
  std::filesystem::create_directory(folder_ / "work");
  std::ofstream(folder_ / "work" / "tool") << "#!/bin/sh\npwd\n";
  std::filesystem::permissions(folder_ / "work" / "tool", std::filesystem::perms::owner_all);
  ProcessSpec s = spec({"./tool"});
  s.working_folder = folder_ / "work";
  EXPECT_EQ(run(s), 0);
  EXPECT_EQ(contents(s.stdout_file), std::filesystem::canonical(folder_ / "work").string() + "\n");
}

TEST_F(ProcessTest, SignalsBecome128PlusTheirNumber) {
  for (const auto& [signal, code] : {std::pair("TERM", 143), {"KILL", 137}, {"SEGV", 139}, {"INT", 130}})
    EXPECT_EQ(run(spec({"sh", "-c", std::string("kill -") + signal + " $$"})), code) << signal;
}

TEST_F(ProcessTest, RefusesWhatCannotBeStarted) {
  const auto code = [&](const ProcessSpec& s) {
    const auto handle = runner_->start(s);
    return handle ? ErrorCode::internal : handle.error().code;
  };
  EXPECT_EQ(code(spec({"no-such-program-here"})), ErrorCode::not_found);
  EXPECT_EQ(code(spec({"/no/such/program"})), ErrorCode::not_found);
  std::ofstream(folder_ / "data.txt") << "x";
  std::filesystem::permissions(folder_ / "data.txt", std::filesystem::perms::owner_read);
  EXPECT_EQ(code(spec({"./data.txt"})), ErrorCode::denied);
  EXPECT_EQ(code(spec({folder_.string()})), ErrorCode::denied);
  EXPECT_EQ(code(spec({})), ErrorCode::invalid);
  ProcessSpec s = spec({"true"});
  s.environment["A=B"] = "x";
  EXPECT_EQ(code(s), ErrorCode::invalid);
  s = spec({"true"});
  s.working_folder = folder_ / "missing";
  EXPECT_EQ(code(s), ErrorCode::not_found);
  s = spec({"true"});
  s.stdout_file = folder_ / "missing" / "out";
  EXPECT_EQ(code(s), ErrorCode::not_found);
  s = spec({"true"});
  std::ofstream(s.exit_file) << "0\n";
  EXPECT_EQ(code(s), ErrorCode::already_exists);
}

TEST_F(ProcessTest, WaitKeepsItsTimeLimit) {
  const ProcessHandle handle = start(spec({"sleep", "60"}));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(runner_->wait(handle, 50ms));
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, 50ms);
  EXPECT_LT(took, 5s);
  EXPECT_TRUE(runner_->state(handle).running);
  EXPECT_FALSE(runner_->state(handle).exit_code);
  EXPECT_FALSE(runner_->wait(handle, 0ms));
}

TEST_F(ProcessTest, WaitingCanBeStopped) {
  const ProcessHandle handle = start(spec({"sleep", "60"}));
  std::stop_source stop;
  EXPECT_FALSE(runner_->wait_or_stop(handle, 1ms, stop.get_token()));
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(runner_->wait_or_stop(handle, 60s, stop.get_token()));
  EXPECT_TRUE(runner_->state(handle).running);
  runner_->terminate(handle, 0ms);
  EXPECT_TRUE(runner_->wait_or_stop(handle, 60s, stop.get_token())) << "it has ended, stop or not";
}

TEST_F(ProcessTest, TerminateLetsTheProgramFinishWithinItsGrace) {
  const auto ready = make_pipe("ready");
  const ProcessSpec s =
      spec({"sh", "-c", "trap 'echo bye; exit 7' TERM; echo > '" + ready.string() + "'; while :; do sleep 0.05; done"});
  const ProcessHandle handle = start(s);
  read_pipe(ready);
  runner_->terminate(handle, 20s);
  EXPECT_FALSE(runner_->state(handle).running);
  EXPECT_EQ(runner_->state(handle).exit_code, 7);
  EXPECT_EQ(contents(s.stdout_file), "bye\n");
}

TEST_F(ProcessTest, TerminateKillsTheWholeGroup) {
  const auto ready = make_pipe("ready");
  // Both levels ignore SIGTERM.
  const ProcessHandle handle = start(spec(
      {"sh", "-c", "trap '' TERM; sh -c 'sleep 100 & echo $! > \"" + ready.string() + "\"; wait' & wait; sleep 100"}));
  const auto grandchild = parse_int(trim(read_pipe(ready)));
  ASSERT_TRUE(grandchild);
  EXPECT_TRUE(read_proc_stat(static_cast<pid_t>(*grandchild)));
  runner_->terminate(handle, 30ms);
  EXPECT_TRUE(living_members(handle.pid).empty());
  const auto left = read_proc_stat(static_cast<pid_t>(*grandchild));
  EXPECT_TRUE(!left || !left->alive());
  EXPECT_EQ(runner_->state(handle).exit_code, 137);
}

TEST_F(ProcessTest, TerminateEndsWhatAProgramLeftBehind) {
  const auto ready = make_pipe("ready");
  const ProcessSpec s = spec({"sh", "-c", "(sleep 100 & echo $! > '" + ready.string() + "'); exit 0"});
  const ProcessHandle handle = start(s);
  read_pipe(ready);
  ASSERT_TRUE(runner_->wait(handle, 20s));
  EXPECT_EQ(living_members(handle.pid).size(), 1U);
  runner_->terminate(handle, 5s);
  EXPECT_TRUE(living_members(handle.pid).empty());
  EXPECT_EQ(runner_->state(handle).exit_code, 0) << "it had ended by itself";
}

TEST_F(ProcessTest, AReusedProcessIdIsNotTheProcess) {
  const ProcessHandle handle = start(spec({"sleep", "60"}));
  ProcessHandle other = handle;
  other.start_ticks -= 1;  // an earlier process of the same id
  other.exit_file = folder_ / "other.exit";
  EXPECT_FALSE(runner_->state(other).running);
  EXPECT_FALSE(runner_->state(other).exit_code);
  EXPECT_TRUE(runner_->wait(other, 0ms));
  runner_->terminate(other, 0ms);
  EXPECT_TRUE(runner_->state(handle).running) << "the present owner of the id was not touched";
}

// The parent is killed with -9 right after it started the process; another runner adopts it by handle.
TEST_F(ProcessTest, SurvivesItsParent) {
  const auto go = make_pipe("go");
  const ProcessSpec s = spec({"sh", "-c", "read line < '" + go.string() + "'; echo \"$line\"; exit 42"});
  int channel[2];
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const auto runner = make_local_runner();
    const auto handle = runner->start(s);
    const std::string text = handle ? to_json(*handle).dump() : "";
    if (::write(channel[1], text.data(), text.size()) < 0) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  ::close(channel[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  ASSERT_TRUE(WIFSIGNALED(status));
  std::string text(4096, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(channel[0], text.data(), text.size()))));
  ::close(channel[0]);
  const auto json = parse_json(text);
  ASSERT_TRUE(json);
  const auto handle = handle_from_json(*json);
  ASSERT_TRUE(handle) << handle.error().text();
  started_.push_back(*handle);

  EXPECT_TRUE(runner_->state(*handle).running);
  EXPECT_FALSE(runner_->wait(*handle, 1ms));
  std::ofstream(go) << "adopted" << std::endl;
  EXPECT_TRUE(runner_->wait(*handle, 20s));
  EXPECT_EQ(runner_->state(*handle).exit_code, 42);
  EXPECT_EQ(contents(s.stdout_file), "adopted\n");
  const auto found = runner_->find(s.exit_file);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, handle->pid);
  EXPECT_EQ(found->start_ticks, handle->start_ticks);
}

TEST_F(ProcessTest, AKilledShimIsToldByItsParent) {
  const auto ready = make_pipe("ready");
  const ProcessHandle handle = start(spec({"sh", "-c", "echo > '" + ready.string() + "'; sleep 60"}));
  read_pipe(ready);
  ::kill(handle.pid, SIGKILL);
  ASSERT_TRUE(runner_->wait(handle, 20s));
  EXPECT_EQ(runner_->state(handle).exit_code, 137);
  runner_->terminate(handle, 0ms);
  EXPECT_TRUE(living_members(handle.pid).empty());
}

TEST_F(ProcessTest, AnExitFileNotWrittenWholeCountsAsMissing) {
  std::ofstream(folder_ / "torn") << "1";
  std::ofstream(folder_ / "empty");
  std::ofstream(folder_ / "whole") << "12\n";
  EXPECT_FALSE(read_exit_file(folder_ / "torn"));
  EXPECT_FALSE(read_exit_file(folder_ / "empty"));
  EXPECT_FALSE(read_exit_file(folder_ / "missing"));
  EXPECT_EQ(read_exit_file(folder_ / "whole"), 12);
}

TEST_F(ProcessTest, FindsNothingThatWasNotStarted) {
  EXPECT_FALSE(runner_->find(folder_ / "none.exit"));
}

TEST_F(ProcessTest, ManyQuickProcessesLeaveNoZombie) {
  std::vector<ProcessHandle> handles;
  for (int i = 0; i < 500; ++i) handles.push_back(start(spec({"/bin/sh", "-c", "exit " + std::to_string(i % 200)})));
  for (int i = 0; i < 500; ++i) {
    const ProcessHandle& handle = handles[static_cast<std::size_t>(i)];
    ASSERT_TRUE(runner_->wait(handle, 30s));
    ASSERT_EQ(runner_->state(handle).exit_code, i % 200);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
}

TEST_F(ProcessTest, AnEmptyProcessCostsLittle) {
  // The budget is 20 ms over the bare process, for a whole step; the runner's own part must be a fraction of it.
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run(spec({"true"})), 0);
  const auto each = (std::chrono::steady_clock::now() - before) / 20;
  EXPECT_LT(each, 100ms) << "very slow, even for a loaded machine";
  RecordProperty("microseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(each).count()));
}

TEST(ProcStat, NamesMayHoldBracketsAndBlanks) {
  const auto stat = parse_proc_stat("12 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 991 2 3");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 12);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->group, 7);
  EXPECT_EQ(stat->start_ticks, 991U);
  EXPECT_FALSE(parse_proc_stat(""));
  EXPECT_FALSE(parse_proc_stat("12 (a) S 1"));
  EXPECT_FALSE(parse_proc_stat("x (a) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 991"));
}

TEST(ProcessHandle, JsonRoundTripAndRefusals) {
  const ProcessHandle handle{77, 123456789012ULL, "/x/exit"};
  const auto back = handle_from_json(to_json(handle));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pid, 77);
  EXPECT_EQ(back->start_ticks, 123456789012ULL);
  EXPECT_EQ(back->exit_file, "/x/exit");
  EXPECT_FALSE(handle_from_json(Json::object()));
  EXPECT_FALSE(handle_from_json({{"pid", 1}, {"start_ticks", 5}, {"exit_file", "/x"}}));
  EXPECT_FALSE(handle_from_json({{"pid", -5}, {"start_ticks", 5}, {"exit_file", "/x"}}));
  EXPECT_FALSE(handle_from_json({{"pid", "9"}, {"start_ticks", 5}, {"exit_file", "/x"}}));
}

TEST(FakeRunner, EndsAsTheTestSays) {
  FakeRunner runner([](const ProcessSpec& s) -> std::optional<int> {
    return s.arguments[0] == "quick" ? std::optional(4) : std::nullopt;
  });
  const auto quick = runner.start({.arguments = {"quick"},
                                   .environment = {},
                                   .working_folder = {},
                                   .stdout_file = {},
                                   .stderr_file = {},
                                   .exit_file = "/q"});
  const auto slow = runner.start({.arguments = {"slow"},
                                  .environment = {},
                                  .working_folder = {},
                                  .stdout_file = {},
                                  .stderr_file = {},
                                  .exit_file = "/s"});
  ASSERT_TRUE(quick && slow);
  EXPECT_EQ(runner.state(*quick).exit_code, 4);
  EXPECT_TRUE(runner.state(*slow).running);
  EXPECT_FALSE(runner.wait(*slow, 0ms));
  runner.finish(1, 9);
  EXPECT_TRUE(runner.wait(*slow, 0ms));
  EXPECT_EQ(runner.state(*slow).exit_code, 9);
  EXPECT_EQ(runner.find("/s")->pid, slow->pid);
}

}  // namespace
}  // namespace ciclo::process
