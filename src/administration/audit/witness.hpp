// What this server last saw of the log, in a small file outside of the database (<data>/audit/witness, mode 0600): so a
// database that was put back to an older copy, or begun anew, shows at the next start and in `verify`.
//
// The file has a code made with the audit log's key: it cannot be made to tell of another head, only be removed or put
// back itself.
//
// Thread safety: one thread at a time.
#pragma once

#include <filesystem>
#include <optional>

#include "administration/audit/chain.hpp"

namespace ciclo::administration {

class AuditWitness {
 public:
  explicit AuditWitness(std::filesystem::path file) : file_(std::move(file)) {}

  bool exists() const;
  struct Seen {
    std::optional<AuditHead> head;  // nothing: there is no file, or it cannot be trusted
    bool is_damaged = false;        // the latter
  };
  Seen read(const AuditKey& key) const;
  // Written whole or not at all, and synced.
  Result<void> write(const AuditKey& key, const AuditHead& head) const;

 private:
  std::filesystem::path file_;
};

}  // namespace ciclo::administration
