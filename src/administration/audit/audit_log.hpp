// The audit log: every change, in the transaction that makes it, and every decision about a request, allowed or denied,
// in one hash chain (chain.hpp) that `verify` checks.
//
//   change           record(session, entry)   with the change, or not at all
//   denied decision  note_decision(entry)     durable before the answer
//   allowed decision note_decision(entry)     in the decision journal before the request goes on (journal.hpp), in the
//                                             table within a fifth of a second; the same ones are counted in one row
//
// Denials that repeat within a second are noted in the journal too and counted, so that they cannot flood the log: what
// a power cut could cost is the last fifth of a second of their count.
//
// A log that was opened has one thread of its own: it takes the journal in, keeps the witness and removes old rows.
//
// Thread safety: safe from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "administration/audit/chain.hpp"
#include "administration/audit/ingester.hpp"
#include "administration/audit/reader.hpp"
#include "administration/audit/retention.hpp"
#include "administration/audit/verify.hpp"
#include "administration/audit/witness.hpp"

namespace ciclo::administration {

class AuditLog final : public resources::AuditSink {
 public:
  struct Parts {
    sql::Database& database;
    const Clock& clock;
    KeySealing sealing;
    std::filesystem::path folder;  // of the journal and the witness: <data>/audit
    // Told when the thread cannot do its work (database lost, disk full), once until it can again. Must not block.
    std::function<void(std::string_view)> on_failure = [](std::string_view) {};
  };
  // Makes the key and begins the chain on the first start, takes in what the journal holds, starts the thread. Fails
  // when the key cannot be opened, or is gone although this server has one (the database was replaced).
  static Result<std::unique_ptr<AuditLog>> open(Parts parts);
  // For tests and tools: a key that lives as long as the object, no journal (every decision is recorded at once), no
  // thread.
  AuditLog(sql::Database& database, const Clock& clock);
  ~AuditLog() override;
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  Result<void> record(sql::Session& session, const resources::AuditEntry& entry) override;
  // In a transaction of its own.
  Result<void> record(const resources::AuditEntry& entry);
  // For the Guard, before the handler runs. When it fails the request must be refused: what cannot be written down does
  // not happen. Fails with unavailable when the journal cannot be written.
  Result<void> note_decision(const resources::AuditEntry& entry);
  // Takes in what was noted so far, so that a reader sees it.
  Result<void> settle();
  // Settles and ends the thread; what is noted later is taken in at the next start.
  void stop();

  // Newest first; without a next page's mark. For tests.
  Result<std::vector<AuditRow>> list(const AuditQuery& query);
  // These settle first.
  Result<AuditPage> page(const AuditQuery& query);
  Result<AuditExport> export_lines(AuditExport::Range range);
  // Fails with conflict while another one runs.
  Result<AuditReport> verify(std::optional<AuditCheckpoint> kept_checkpoint = std::nullopt);
  // A signed checkpoint of the head, to be kept elsewhere.
  Result<AuditCheckpoint> checkpoint();

  AuditRetention& retention() { return retention_; }
  // Removes old rows soon rather than within the hour.
  void apply_retention_soon();
  const AuditKey& key() const { return chain_.key(); }
  const Clock& clock() const { return clock_; }

 private:
  AuditLog(const Parts& parts, AuditKey key);
  Result<void> begin(const Parts& parts);
  bool is_repeated(const std::string& denial);
  void remember(const std::string& denial);
  void keep(const std::stop_token& stop);
  Result<void> keep_once();
  Result<void> keep_witness();

  sql::Database& database_;
  const Clock& clock_;
  AuditChain chain_;
  AuditRetention retention_;
  std::function<void(std::string_view)> on_failure_;
  std::unique_ptr<AuditWitness> witness_;
  std::unique_ptr<DecisionJournal> journal_;
  std::unique_ptr<JournalIngester> ingester_;

  std::mutex denials_mutex_;
  std::unordered_set<std::string> denials_;  // recorded within this second
  std::chrono::steady_clock::time_point denials_since_;

  std::mutex verify_mutex_;
  std::mutex keeper_mutex_;
  std::condition_variable_any keeper_turn_;
  std::atomic<bool> retention_is_due_ = true;
  std::int64_t witnessed_ = -1;  // the number in the witness
  std::chrono::steady_clock::time_point witnessed_at_;
  std::jthread keeper_;
};

}  // namespace ciclo::administration
