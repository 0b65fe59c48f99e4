// The decision journal: where allowed decisions are written down before the request goes on, at the cost of one
// write(2). It lies in files that are only ever appended to (<folder>/decisions-<n>.journal, mode 0600);
// JournalIngester moves it into the audit log's table.
//
// What append() returned for is in the operating system's cache: it survives the death of the process, kill -9
// included. It survives a power cut once it was ingested, or flush() returned.
//
// Every start begins a new file, so bytes that were torn by a crash are never followed by good ones. A file that
// reached its size is followed by the next; files that are ingested are removed.
//
// Thread safety: append() from any thread; the rest from one thread at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "administration/audit/audit_key.hpp"
#include "administration/audit/journal_records.hpp"
#include "base/error.hpp"

namespace ciclo::administration {

// Where the next record to be read begins.
struct JournalPosition {
  std::uint64_t file = 0;
  std::uint64_t place = 0;
  auto operator<=>(const JournalPosition&) const = default;
};

struct JournalBatch {
  std::vector<std::string> payloads;
  JournalPosition next;
  // Bytes that were passed over: those of a record that was never finished, or that are no record.
  std::uint64_t lost_bytes = 0;
  bool is_damaged = false;  // the latter
};

class DecisionJournal {
 public:
  struct Settings {
    std::filesystem::path folder;
    std::uint64_t file_bytes = 8U << 20U;
    std::uint64_t max_files = 64;  // not ingested; then append() refuses
  };
  // Creates the folder (0700) when it is missing and begins a new file. Fails with internal when it cannot be written.
  static Result<std::unique_ptr<DecisionJournal>> open(Settings settings, const AuditKey& key);
  ~DecisionJournal();
  DecisionJournal(const DecisionJournal&) = delete;
  DecisionJournal& operator=(const DecisionJournal&) = delete;

  // Fails with unavailable when it cannot be written (disk full) or too much of it is not ingested yet, too_large over
  // max_journal_payload. What failed is not in the journal.
  Result<void> append(std::string_view payload);

  const std::string& id() const { return id_; }  // hexadecimal; one a folder
  JournalPosition begin() const;                 // of the oldest file there is
  JournalPosition end() const;                   // where the next record will be written
  // What follows `from`, about a megabyte at most. `next` equals `from` at the end.
  Result<JournalBatch> read(const JournalPosition& from) const;
  // Removes the files before `position`.
  void forget_before(const JournalPosition& position);
  Result<void> flush();  // to the disk
  // Until there is something after `position`, `limit` passed, or a stop.
  void wait_beyond(const JournalPosition& position, std::chrono::milliseconds limit, const std::stop_token& stop);

 private:
  DecisionJournal(Settings settings, const AuditKey& key);
  Result<void> begin_file();                               // with mutex_ held, or before it is shared
  Result<void> write_whole(std::string_view bytes) const;  // at end_
  std::filesystem::path path_of(std::uint64_t number) const;

  const Settings settings_;
  const AuditKey::JournalKey key_;
  std::string id_;
  JournalFile file_;  // the one that is written
  mutable std::mutex mutex_;
  std::condition_variable_any appended_;
  int descriptor_ = -1;
  bool reader_waits_ = false;
  std::uint64_t oldest_ = 0;
  JournalPosition end_;
};

}  // namespace ciclo::administration
