#include "platform/sql/testing/postgres_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace ciclo::sql::testing {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto start_limit = std::chrono::seconds(60);

std::filesystem::path find_programs() {
  std::filesystem::path best;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const auto programs = version.path() / "bin";
    if (std::filesystem::exists(programs / "initdb") && programs > best) best = programs;
  }
  return best;
}

// The user the server runs as: this one, or an unprivileged one when this is root.
const passwd* server_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

// Starts a program as the server's user, its output going to `log`. It dies with this program.
pid_t spawn(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const passwd* user = server_user();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::setsid();
  if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(125);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::start() {
  std::unique_ptr<PostgresServer> server(new PostgresServer);
  server->programs_ = find_programs();
  if (server->programs_.empty()) {
    return fail(ErrorCode::unsupported, "PostgreSQL's server is not installed", "/usr/lib/postgresql",
                "run scripts/setup, or apt-get install postgresql");
  }
  CICLO_CHECK(server->initialise());
  CICLO_CHECK(server->launch());
  return server;
}

Result<PostgresServer*> PostgresServer::shared() {
  static Result<std::unique_ptr<PostgresServer>> server = start();
  if (!server) return std::unexpected<Error>(server.error());
  return server->get();
}

PostgresServer::~PostgresServer() {
  end(SIGQUIT);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<void> PostgresServer::initialise() {
  // A socket's path may have 107 bytes only, so the folder is not below a deep temporary one.
  std::string folder = "/tmp/ciclo-postgres-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return fail(ErrorCode::internal, "cannot make a folder in /tmp");
  folder_ = folder;
  if (const passwd* user = server_user(); user != nullptr && ::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
    return fail(ErrorCode::internal, "cannot give the folder to the server's user", folder);
  }
  const auto log = folder_ / "initdb.log";
  const pid_t child = spawn({programs_ / "initdb", "-D", folder_ / "data", "-U", "ciclo", "-A", "trust", "-E", "UTF8",
                             "--locale=C", "--no-sync", "--no-instructions"},
                            log);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) {
    return fail(ErrorCode::internal, "initdb failed: " + text_of(log));
  }
  return {};
}

Result<void> PostgresServer::launch() {
  const auto log = folder_ / "server.log";
  process_ = spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_, "-c", "listen_addresses=", "-c",
                    "max_connections=40", "-c", "shared_buffers=16MB", "-c", "deadlock_timeout=20ms", "-c",
                    "recovery_init_sync_method=syncfs"},
                   log);
  const auto deadline = Clock::now() + start_limit;
  while (Clock::now() < deadline) {
    if (PQping(url("postgres").c_str()) == PQPING_OK) return {};
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fail(ErrorCode::unavailable, "the PostgreSQL server did not start: " + text_of(log));
}

void PostgresServer::end(int signal) {
  if (process_ <= 0) return;
  // Killed, the server could not end its own processes: each is in the server's session, but in a group of its own.
  ::kill(process_, signal);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string PostgresServer::url(const std::string& database) const {
  return fmt::format("postgresql://ciclo@/{}?host={}", database, folder_.string());
}

Result<void> PostgresServer::execute(const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url("postgres").c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return fail(ErrorCode::internal, PQerrorMessage(connection.get()));
}

Result<std::string> PostgresServer::create_database() {
  const std::string name = fmt::format("test_{}", ++databases_);
  CICLO_CHECK(execute("CREATE DATABASE " + name));
  return url(name);
}

Result<void> PostgresServer::crash_and_restart() {
  end(SIGQUIT);  // "immediate shutdown": no checkpoint, the next start recovers from the log as after a crash
  return launch();
}

Result<void> PostgresServer::drop_connections() {
  return execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "backend_type = 'client backend'");
}

}  // namespace ciclo::sql::testing
