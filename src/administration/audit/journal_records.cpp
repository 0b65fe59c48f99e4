#include "administration/audit/journal_records.hpp"

#include <sodium.h>

#include "administration/audit/encoding.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view magic = "CICLOAJ1";
constexpr int length_width = 4;
constexpr int number_width = 8;

std::string check_of(const AuditKey::JournalKey& key, const JournalFile& file, std::uint64_t place,
                     std::string_view payload) {
  std::string message = file.id;
  message.reserve(message.size() + 2 * number_width + payload.size());
  append_little_endian(message, file.number, number_width);
  append_little_endian(message, place, number_width);
  message += payload;
  std::string check(crypto_shorthash_BYTES, '\0');
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned bytes
  crypto_shorthash(reinterpret_cast<unsigned char*>(check.data()),
                   reinterpret_cast<const unsigned char*>(message.data()),  // NOLINT
                   message.size(), key.data());
  return check;
}

}  // namespace

std::string journal_header(const JournalFile& file) {
  std::string header(magic);
  header += file.id;
  append_little_endian(header, file.number, number_width);
  return header;
}

std::optional<JournalFile> read_journal_header(std::string_view bytes) {
  if (bytes.size() < journal_header_size || !bytes.starts_with(magic)) return std::nullopt;
  bytes.remove_prefix(magic.size());
  return JournalFile{std::string(bytes.substr(0, journal_id_size)),
                     little_endian(bytes.substr(journal_id_size, number_width))};
}

std::string journal_record(const AuditKey::JournalKey& key, const JournalFile& file, std::uint64_t place,
                           std::string_view payload) {
  std::string record;
  record.reserve(journal_record_head_size + payload.size());
  append_little_endian(record, payload.size(), length_width);
  record += check_of(key, file, place, payload);
  record += payload;
  return record;
}

JournalRecords read_journal_records(const AuditKey::JournalKey& key, const JournalFile& file, std::uint64_t place,
                                    std::string_view bytes) {
  JournalRecords records;
  while (!bytes.empty()) {
    records.rest = JournalRecords::Rest::unended;
    if (bytes.size() < journal_record_head_size) break;
    const std::uint64_t length = little_endian(bytes.substr(0, length_width));
    if (length > max_journal_payload) {
      records.rest = JournalRecords::Rest::damaged;
      break;
    }
    if (length > bytes.size() - journal_record_head_size) break;
    const std::string_view payload = bytes.substr(journal_record_head_size, length);
    const std::string_view check = bytes.substr(length_width, crypto_shorthash_BYTES);
    if (check != check_of(key, file, place + records.used, payload)) {
      records.rest = JournalRecords::Rest::damaged;
      break;
    }
    records.payloads.push_back(payload);
    records.used += journal_record_head_size + length;
    bytes.remove_prefix(journal_record_head_size + length);
    records.rest = JournalRecords::Rest::none;
  }
  return records;
}

}  // namespace ciclo::administration
