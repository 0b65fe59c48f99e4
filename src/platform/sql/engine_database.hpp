// The one Database: engine-independent. A writer thread with group commit and a pool of reader connections.
// Internal to platform/sql.
//
// Thread safety: as Database.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "platform/sql/connection.hpp"
#include "platform/sql/database.hpp"
#include "platform/sql/group_writer.hpp"

namespace ciclo::sql {

// Lends reader connections, opened on first need. A connection that was lost is not taken back.
class ReaderPool {
 public:
  ReaderPool(Engine& engine, std::size_t connections) : engine_(engine), limit_(connections == 0 ? 1 : connections) {}

  Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);

 private:
  Engine& engine_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t lent_ = 0;
};

class EngineDatabase final : public Database {
 public:
  // Opens the writer's connection at once, so that a wrong URL or file fails here.
  static Result<std::unique_ptr<Database>> open(std::unique_ptr<Engine> engine, const DatabaseSettings& settings);

  Result<void> migrate(std::span<const Migration> migrations) override;
  Dialect dialect() const override { return engine_->dialect(); }

 protected:
  Result<void> run_read(const Closure& closure) override;
  Result<void> run_write(const Closure& closure) override;

 private:
  EngineDatabase(std::unique_ptr<Engine> engine, std::unique_ptr<Connection> writer, const DatabaseSettings& settings);
  Result<std::unique_ptr<Connection>> begin_snapshot();

  const std::unique_ptr<Engine> engine_;
  ReaderPool readers_;
  GroupWriter writer_;
};

}  // namespace ciclo::sql
