// The form of the decision journal's files, apart from any disk.
//
//   file   = magic "CICLOAJ1" (8) ‖ journal's id (16) ‖ file's number (8) ‖ record…
//   record = payload's length (4) ‖ check (8) ‖ payload
//
// Numbers are little-endian. `check` is SipHash-2-4 over id, file's number, the record's place in the file and the
// payload, with a key that is derived from the audit log's: a record that was torn, changed, moved or repeated shows.
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "administration/audit/audit_key.hpp"

namespace ciclo::administration {

inline constexpr std::size_t journal_id_size = 16;
inline constexpr std::size_t journal_header_size = 32;
inline constexpr std::size_t journal_record_head_size = 12;
inline constexpr std::size_t max_journal_payload = 64U << 10U;

struct JournalFile {
  std::string id;  // journal_id_size bytes
  std::uint64_t number = 0;
};

std::string journal_header(const JournalFile& file);
// Nothing when the bytes do not begin with a header.
std::optional<JournalFile> read_journal_header(std::string_view bytes);

// One record as it stands at `place` of the file.
std::string journal_record(const AuditKey::JournalKey& key, const JournalFile& file, std::uint64_t place,
                           std::string_view payload);

struct JournalRecords {
  std::vector<std::string_view> payloads;  // into the bytes given
  std::size_t used = 0;                    // bytes of whole, good records
  enum class Rest : std::uint8_t {
    none,     // all bytes were used
    unended,  // what is left is the beginning of a record
    damaged,  // what is left is no record
  } rest = Rest::none;
};
// The records that begin at `place`, where `bytes` begin.
JournalRecords read_journal_records(const AuditKey::JournalKey& key, const JournalFile& file, std::uint64_t place,
                                    std::string_view bytes);

}  // namespace ciclo::administration
