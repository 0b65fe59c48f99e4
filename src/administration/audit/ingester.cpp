#include "administration/audit/ingester.hpp"

#include "administration/audit/encoding.hpp"
#include "administration/audit/fold.hpp"

namespace ciclo::administration {
namespace {

struct StoredPosition {
  JournalPosition position;
  bool is_true = false;  // its code fits
};

Result<std::optional<StoredPosition>> stored_position_in(sql::Session& session, const AuditKey& key,
                                                         const std::string& journal) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT file, position, code FROM audit_journals WHERE journal = ?", {journal}));
  if (!row) return std::nullopt;
  const JournalPosition position{static_cast<std::uint64_t>(row->integer(0)),
                                 static_cast<std::uint64_t>(row->integer(1))};
  return StoredPosition{
      position,
      key.code_fits(AuditPurpose::position, position_bytes(journal, row->integer(0), row->integer(1)), row->text(2))};
}

Json to_json(const JournalPosition& position) {
  return {{"file", position.file}, {"place", position.place}};
}

}  // namespace

std::string position_bytes(std::string_view journal, std::int64_t file, std::int64_t place) {
  FieldWriter fields;
  fields.add_text(journal);
  fields.add_number(file);
  fields.add_number(place);
  return fields.take();
}

JournalPosition JournalIngester::position() const {
  const std::scoped_lock lock(mutex_);
  return position_;
}

Result<void> JournalIngester::start() {
  const JournalPosition begin = journal_.begin();
  // A journal of one file that holds nothing is new: no place is known for it.
  const bool is_new = journal_.end() == begin;
  CICLO_TRY(const JournalPosition found, database_.write([&](sql::Session& session) -> Result<JournalPosition> {
    CICLO_TRY(const auto stored, stored_position_in(session, chain_.key(), journal_.id()));
    // Beyond the end: the folder is an older copy, or files were removed; what is noted from now on must not be missed.
    if (stored && stored->is_true && stored->position <= journal_.end()) return stored->position;
    if (stored || !is_new)
      CICLO_CHECK(chain_.append_break_in(session,
                                         "the decision journal, or how far it is taken in, was changed or removed: "
                                         "decisions may be missing, or in the log twice",
                                         {{"journal", journal_.id()}, {"from", to_json(begin)}}));
    CICLO_CHECK(set_position_in(session, begin));
    return begin;
  }));
  {
    const std::scoped_lock lock(mutex_);
    position_ = std::max(found, begin);
  }
  return catch_up();
}

Result<void> JournalIngester::catch_up() {
  const JournalPosition end = journal_.end();
  const std::scoped_lock lock(batch_mutex_);
  while (position() < end) {
    if (auto taken = take_batch(); !taken) {
      CICLO_CHECK(journal_.flush());
      return taken;
    }
  }
  return {};
}

Result<void> JournalIngester::take_batch() {
  const JournalPosition from = position();
  CICLO_TRY(const JournalBatch batch, journal_.read(from));
  std::vector<StoredAuditRow> rows;
  rows.reserve(batch.payloads.size());
  for (const std::string& payload : batch.payloads)
    if (auto row = decode_row(payload)) rows.push_back(*std::move(row));
  rows = fold(std::move(rows));
  JournalPosition reached = batch.next;
  CICLO_CHECK(database_.write([&](sql::Session& session) -> Result<void> {
    reached = batch.next;
    CICLO_TRY(const auto stored, stored_position_in(session, chain_.key(), journal_.id()));
    if (maybe_ && stored && stored->is_true && stored->position == *maybe_) {
      reached = *maybe_;  // the commit before was kept after all
      return {};
    }
    maybe_ = batch.next;
    if (!stored || !stored->is_true || stored->position != from)
      CICLO_CHECK(chain_.append_break_in(session, "how far the decision journal is taken in was changed or removed",
                                         {{"journal", journal_.id()}, {"expected", to_json(from)}}));
    return store_in(session, batch, rows);
  }));
  maybe_.reset();
  {
    const std::scoped_lock lock(mutex_);
    position_ = reached;
  }
  journal_.forget_before(reached);
  return {};
}

Result<void> JournalIngester::store_in(sql::Session& session, const JournalBatch& batch,
                                       std::vector<StoredAuditRow> rows) {
  CICLO_CHECK(chain_.append_in(session, rows));
  const Json lost = {{"journal", journal_.id()}, {"bytes", batch.lost_bytes}};
  if (batch.is_damaged)
    CICLO_CHECK(chain_.append_break_in(session, "a part of the decision journal could not be read", lost));
  if (batch.lost_bytes > 0 && !batch.is_damaged) {
    StoredAuditRow row = chain_.system_row("drop unfinished decision", "the server ended while it was written", lost);
    CICLO_CHECK(chain_.append_in(session, std::span(&row, 1)));
  }
  return set_position_in(session, batch.next);
}

Result<void> JournalIngester::set_position_in(sql::Session& session, const JournalPosition& position) {
  const auto file = static_cast<std::int64_t>(position.file);
  const auto place = static_cast<std::int64_t>(position.place);
  CICLO_CHECK(session.execute(
      "INSERT INTO audit_journals (journal, file, position, code) VALUES (?, ?, ?, ?) ON CONFLICT (journal) DO UPDATE "
      "SET file = excluded.file, position = excluded.position, code = excluded.code",
      {journal_.id(), file, place,
       chain_.key().code(AuditPurpose::position, position_bytes(journal_.id(), file, place))}));
  return {};
}

}  // namespace ciclo::administration
