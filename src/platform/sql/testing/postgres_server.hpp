// A PostgreSQL server of the tests' own, in a temporary folder, reached by a Unix socket only. For the tests of every
// module that stores something: run them on both engines.
//
// As root the server runs as the user `postgres` (it refuses to run as root). It is ended and its folder removed when
// the object is destroyed, and it ends by itself when the test program dies.
//
// Thread safety: none.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"

namespace ciclo::sql::testing {

class PostgresServer {
 public:
  // Takes about two seconds. Fails with unsupported when PostgreSQL is not installed.
  static Result<std::unique_ptr<PostgresServer>> start();
  // The one of this program, started on the first call and ended at exit. Tests get a database each from it.
  static Result<PostgresServer*> shared();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The URL of a new, empty database.
  Result<std::string> create_database();
  // Ends the server as a crash would (every process of it is killed) and starts it again on the same data.
  Result<void> crash_and_restart();
  // Ends every client's connection, as an administrator or a broken network would.
  Result<void> drop_connections();

 private:
  PostgresServer() = default;
  Result<void> initialise();
  Result<void> launch();
  void end(int signal);
  std::string url(const std::string& database) const;
  Result<void> execute(const std::string& sql);

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  pid_t process_ = -1;
  int databases_ = 0;
};

}  // namespace ciclo::sql::testing
