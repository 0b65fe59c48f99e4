// A signed statement about the log: "row <sequence> had this hash". Retention leaves one for the rows that it removed,
// and one of the head can be kept elsewhere to find out later whether the whole database was put back to an older copy.
//
// The signature (Ed25519) is over a text that says what the checkpoint is for, so that one made to be kept elsewhere
// never passes for a removal.
//
// Thread safety: plain values.
#pragma once

#include <optional>
#include <string>

#include "administration/audit/audit_key.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "platform/sql/database.hpp"

namespace ciclo::administration {

struct AuditCheckpoint {
  enum class Purpose : std::uint8_t {
    head,       // this was the last row
    retention,  // rows up to this one were removed by policy
  } purpose = Purpose::head;
  std::int64_t sequence = 0;
  std::string hash;
  TimePoint time;
  std::string signature;

  // What is signed.
  std::string statement() const;
  void sign(const AuditKey& key) { signature = key.sign(statement()); }
  bool is_signed_by(const AuditKey& key) const { return key.signature_fits(statement(), signature); }
};

// With the statement and the public key, so that any Ed25519 program can check it.
Json to_json(const AuditCheckpoint& checkpoint, const AuditKey& key);
// Fails with invalid naming the field. The signature is not judged.
Result<AuditCheckpoint> read_checkpoint(const Json& document);

// The checkpoint of the newest removal; its signature is not judged.
Result<std::optional<AuditCheckpoint>> stored_checkpoint_in(sql::Session& session);
Result<void> store_checkpoint_in(sql::Session& session, const AuditCheckpoint& checkpoint);

}  // namespace ciclo::administration
