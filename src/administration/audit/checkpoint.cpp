#include "administration/audit/checkpoint.hpp"

#include <fmt/format.h>

namespace ciclo::administration {
namespace {

std::string_view name_of(AuditCheckpoint::Purpose purpose) {
  return purpose == AuditCheckpoint::Purpose::head ? "head" : "retention";
}

Failure wrong(std::string_view field, std::string_view expected) {
  return fail(ErrorCode::invalid, fmt::format("this is no checkpoint: '{}' must be {}", field, expected),
              fmt::format("/{}", field), "give a file that 'ciclo audit checkpoint create' wrote");
}

}  // namespace

std::string AuditCheckpoint::statement() const {
  return fmt::format("ciclo audit checkpoint 1\npurpose {}\nsequence {}\nhash {}\ntime {}\n", name_of(purpose),
                     sequence, hash, format_rfc3339(time));
}

Json to_json(const AuditCheckpoint& checkpoint, const AuditKey& key) {
  return {{"purpose", name_of(checkpoint.purpose)},
          {"sequence", checkpoint.sequence},
          {"hash", checkpoint.hash},
          {"time", format_rfc3339(checkpoint.time)},
          {"statement", checkpoint.statement()},
          {"signature", checkpoint.signature},
          {"public_key", key.public_key()}};
}

Result<AuditCheckpoint> read_checkpoint(const Json& document) {
  AuditCheckpoint checkpoint;
  const std::string purpose = text_or(document, "purpose");
  if (purpose != "head" && purpose != "retention") return wrong("purpose", "head or retention");
  checkpoint.purpose = purpose == "head" ? AuditCheckpoint::Purpose::head : AuditCheckpoint::Purpose::retention;
  const Json& sequence = member(document, "sequence");
  if (!sequence.is_number_integer()) return wrong("sequence", "a whole number");
  checkpoint.sequence = sequence.get<std::int64_t>();
  checkpoint.hash = text_or(document, "hash");
  if (checkpoint.hash.size() != 64) return wrong("hash", "64 hexadecimal digits");
  const auto time = parse_rfc3339(text_or(document, "time"));
  if (!time) return wrong("time", "a time such as 2030-01-31T00:00:00Z");
  checkpoint.time = *time;
  checkpoint.signature = text_or(document, "signature");
  if (checkpoint.signature.empty()) return wrong("signature", "a text");
  return checkpoint;
}

Result<std::optional<AuditCheckpoint>> stored_checkpoint_in(sql::Session& session) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT sequence, hash, time_ms, signature FROM audit_checkpoint WHERE id = 1"));
  if (!row) return std::nullopt;
  return AuditCheckpoint{.purpose = AuditCheckpoint::Purpose::retention,
                         .sequence = row->integer(0),
                         .hash = row->text(1),
                         .time = from_unix_ms(row->integer(2)),
                         .signature = row->text(3)};
}

Result<void> store_checkpoint_in(sql::Session& session, const AuditCheckpoint& checkpoint) {
  CICLO_CHECK(session.execute(
      "INSERT INTO audit_checkpoint (id, sequence, hash, time_ms, signature) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) "
      "DO "
      "UPDATE SET sequence = excluded.sequence, hash = excluded.hash, time_ms = excluded.time_ms, signature = "
      "excluded.signature",
      {checkpoint.sequence, checkpoint.hash, to_unix_ms(checkpoint.time), checkpoint.signature}));
  return {};
}

}  // namespace ciclo::administration
