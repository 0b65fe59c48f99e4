// Any bytes as a decision journal: what is read are whole records, none of them beyond the bytes, and a row that was
// read encodes to the same bytes.
#include <sodium.h>

#include <cstdint>
#include <cstdlib>

#include "administration/audit/audit_row.hpp"
#include "administration/audit/journal_records.hpp"

using namespace ciclo::administration;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int started = sodium_init();
  if (started < 0) std::abort();
  static const AuditKey key = *AuditKey::from_bytes(std::string(AuditKey::size, 'k'));
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = read_journal_header(bytes).value_or(JournalFile{std::string(journal_id_size, 'i'), 1});
  if (file.id.size() != journal_id_size) std::abort();
  const auto raw = read_journal_records(key.journal_key(), file, journal_header_size, bytes);
  if (raw.used > bytes.size() || (raw.rest == JournalRecords::Rest::none) != (raw.used == bytes.size())) std::abort();
  // The check keeps the fuzzer out; so the bytes also stand as the payload of a good record, with a torn one behind.
  if (size <= max_journal_payload) {
    const std::string record = journal_record(key.journal_key(), file, journal_header_size, bytes);
    const std::string torn = record + record.substr(0, record.size() / 2);
    const auto read = read_journal_records(key.journal_key(), file, journal_header_size, torn);
    if (read.payloads.size() != 1 || read.payloads.front() != bytes || read.used != record.size()) std::abort();
  }
  if (const auto row = decode_row(bytes); row && encode_row(*row) != bytes) std::abort();
  return 0;
}
