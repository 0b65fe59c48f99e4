#include "administration/audit/audit_log.hpp"

#include "administration/audit/fold.hpp"

namespace ciclo::administration {
namespace {

// How long decisions gather before they are taken in, and the longest sleep of the thread.
constexpr std::chrono::milliseconds gathering{150};
constexpr std::chrono::seconds longest_sleep{1};
constexpr std::chrono::seconds after_failure{1};
constexpr std::chrono::hours retention_turn{1};
constexpr std::chrono::seconds witness_turn{2};
constexpr std::chrono::seconds denial_window{1};
constexpr std::size_t max_denials = 4096;

Result<AuditKey> open_key(const AuditLog::Parts& parts, const AuditWitness& witness) {
  return parts.database.write([&](sql::Session& session) -> Result<AuditKey> {
    CICLO_TRY(auto stored, stored_audit_key_in(session, parts.sealing));
    if (stored) return *std::move(stored);
    if (witness.exists())
      return fail(ErrorCode::conflict,
                  "the audit log of this data folder is not in the database: the database was replaced or its audit "
                  "tables were emptied",
                  parts.folder.string(),
                  "restore the database; or, to begin a new log on purpose, move this folder away");
    const AuditKey key = AuditKey::random();
    CICLO_TRY(const bool is_first, store_audit_key_in(session, key, parts.sealing));
    if (is_first) {
      AuditChain chain(key, parts.clock);
      CICLO_CHECK(chain.begin_in(session));
      return key;
    }
    // Another server was first.
    CICLO_TRY(auto others, stored_audit_key_in(session, parts.sealing));
    if (!others) return fail(ErrorCode::unavailable, "the audit log's key is being made", "audit_keys", "start again");
    return *std::move(others);
  });
}

}  // namespace

AuditLog::AuditLog(sql::Database& database, const Clock& clock)
    : database_(database), clock_(clock), chain_(AuditKey::random(), clock), retention_(database, chain_) {}

AuditLog::AuditLog(const Parts& parts, AuditKey key)
    : database_(parts.database),
      clock_(parts.clock),
      chain_(std::move(key), parts.clock),
      retention_(parts.database, chain_),
      on_failure_(parts.on_failure) {}

AuditLog::~AuditLog() {
  stop();
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(Parts parts) {
  AuditWitness witness(parts.folder / "witness");
  CICLO_TRY(AuditKey key, open_key(parts, witness));
  std::unique_ptr<AuditLog> log(new AuditLog(parts, std::move(key)));
  log->witness_ = std::make_unique<AuditWitness>(std::move(witness));
  CICLO_CHECK(log->begin(parts));
  log->keeper_ = std::jthread([log = log.get()](const std::stop_token& stop) { log->keep(stop); });
  return log;
}

// Compares what this server saw last with what is there, and takes in the journal.
Result<void> AuditLog::begin(const Parts& parts) {
  const auto seen = witness_->read(key());
  CICLO_CHECK(database_.write([&](sql::Session& session) -> Result<void> {
    CICLO_TRY(const auto head, chain_.head_in(session));
    // With a number expected, a head that was lost or put back is told of by the next row that is appended.
    chain_.expect(seen.head.value_or(AuditHead()));
    if (head && seen.head) {
      CICLO_TRY(const auto row,
                session.query_one("SELECT hash FROM audit_rows WHERE sequence = ?", {seen.head->sequence}));
      if (row && row->text(0) != seen.head->hash)
        CICLO_CHECK(chain_.append_break_in(
            session, "this server has seen other rows: the database was put back to an older copy",
            {{"sequence", seen.head->sequence}}));
    }
    if (seen.is_damaged)
      CICLO_CHECK(
          chain_.append_break_in(session, "the file with what this server last saw of the log was changed", {}));
    return {};
  }));
  DecisionJournal::Settings settings;
  settings.folder = parts.folder;
  CICLO_TRY(journal_, DecisionJournal::open(std::move(settings), key()));
  ingester_ = std::make_unique<JournalIngester>(database_, chain_, *journal_);
  CICLO_CHECK(ingester_->start());
  return keep_witness();
}

Result<void> AuditLog::record(sql::Session& session, const resources::AuditEntry& entry) {
  StoredAuditRow row = row_of(entry, clock_.now());
  return chain_.append_in(session, std::span(&row, 1));
}

Result<void> AuditLog::record(const resources::AuditEntry& entry) {
  return database_.write([&](sql::Session& session) { return record(session, entry); });
}

Result<void> AuditLog::note_decision(const resources::AuditEntry& entry) {
  if (!journal_) return record(entry);
  const StoredAuditRow row = row_of(entry, clock_.now());
  if (!entry.decision.allowed) {
    const std::string same = key().code(AuditPurpose::row, fold_key(row));
    if (!is_repeated(same)) {
      CICLO_CHECK(record(entry));
      remember(same);
      return {};
    }
  }
  const std::string payload = encode_row(row);
  if (payload.size() > max_journal_payload) return record(entry);
  return journal_->append(payload);
}

bool AuditLog::is_repeated(const std::string& denial) {
  const std::scoped_lock lock(denials_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - denials_since_ > denial_window || denials_.size() >= max_denials) {
    denials_.clear();
    denials_since_ = now;
  }
  return denials_.contains(denial);
}

void AuditLog::remember(const std::string& denial) {
  const std::scoped_lock lock(denials_mutex_);
  denials_.insert(denial);
}

Result<void> AuditLog::settle() {
  return ingester_ ? ingester_->catch_up() : Result<void>();
}

void AuditLog::stop() {
  if (!keeper_.joinable()) return;
  keeper_.request_stop();
  keeper_.join();
  auto done = settle();
  if (done) done = keep_witness();
  if (!done) on_failure_(done.error().text());
}

// Waits for decisions, lets some gather, takes them in; and once in an hour removes what is old.
void AuditLog::keep(const std::stop_token& stop) {
  auto retention_at = std::chrono::steady_clock::now();
  bool has_failed = false;
  while (!stop.stop_requested()) {
    if (!retention_is_due_) journal_->wait_beyond(ingester_->position(), longest_sleep, stop);
    if (std::chrono::steady_clock::now() >= retention_at) retention_is_due_ = true;
    {
      std::unique_lock lock(keeper_mutex_);
      keeper_turn_.wait_for(lock, stop, has_failed ? std::chrono::milliseconds(after_failure) : gathering,
                            [] { return false; });
    }
    const bool was_due = retention_is_due_;
    const auto done = keep_once();
    if (was_due && !retention_is_due_) retention_at = std::chrono::steady_clock::now() + retention_turn;
    if (!done && !has_failed) on_failure_(done.error().text());
    has_failed = !done;
  }
}

Result<void> AuditLog::keep_once() {
  CICLO_CHECK(ingester_->catch_up());
  if (retention_is_due_.exchange(false)) {
    const auto more = retention_.remove_batch();
    // A policy that was changed from outside is no reason to look at it all the time; nor is a database that is away.
    if (!more) return Failure(more.error());
    if (*more) retention_is_due_ = true;
  }
  if (std::chrono::steady_clock::now() - witnessed_at_ < witness_turn) return {};
  return keep_witness();
}

Result<void> AuditLog::keep_witness() {
  if (chain_.known() == witnessed_) return {};
  witnessed_at_ = std::chrono::steady_clock::now();
  CICLO_TRY(const auto head, database_.read([&](sql::Session& session) { return chain_.head_in(session); }));
  if (!head || head->sequence < chain_.known()) return {};
  CICLO_CHECK(witness_->write(key(), *head));
  witnessed_ = head->sequence;
  return {};
}

void AuditLog::apply_retention_soon() {
  retention_is_due_ = true;
}

Result<std::vector<AuditRow>> AuditLog::list(const AuditQuery& query) {
  CICLO_TRY(AuditPage found, page(query));
  return std::move(found.rows);
}

Result<AuditPage> AuditLog::page(const AuditQuery& query) {
  CICLO_CHECK(settle());
  return read_audit_page(database_, query);
}

Result<AuditExport> AuditLog::export_lines(AuditExport::Range range) {
  CICLO_CHECK(settle());
  return AuditExport(database_, std::move(range));
}

Result<AuditReport> AuditLog::verify(std::optional<AuditCheckpoint> kept_checkpoint) {
  const std::unique_lock lock(verify_mutex_, std::try_to_lock);
  if (!lock)
    return fail(ErrorCode::conflict, "the audit log is being verified already", {}, "try again when that is done");
  CICLO_CHECK(settle());
  AuditEvidence evidence{.known = chain_.known(), .kept_checkpoint = std::move(kept_checkpoint)};
  if (witness_) {
    const auto seen = witness_->read(key());
    evidence.witness = seen.head;
    evidence.witness_is_damaged = seen.is_damaged;
  }
  return verify_audit_log(database_, chain_, evidence);
}

Result<AuditCheckpoint> AuditLog::checkpoint() {
  CICLO_CHECK(settle());
  CICLO_TRY(const auto head, database_.read([&](sql::Session& session) { return chain_.head_in(session); }));
  if (!head)
    return fail(ErrorCode::conflict, "the head of the audit log was changed or removed", {}, "run: ciclo audit verify");
  AuditCheckpoint checkpoint{.purpose = AuditCheckpoint::Purpose::head,
                             .sequence = head->sequence,
                             .hash = head->hash,
                             .time = clock_.now(),
                             .signature = {}};
  checkpoint.sign(key());
  return checkpoint;
}

}  // namespace ciclo::administration
