#include "administration/oidc/people.hpp"

#include <fmt/format.h>

#include "administration/oidc/encoding.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"

namespace ciclo::administration::oidc {
namespace {

constexpr std::size_t max_name = 64;
constexpr std::size_t max_display_name = 128;
constexpr int max_number = 1000;
constexpr std::chrono::minutes groups_set_after{10};

struct Record {
  std::string principal;
  TimePoint user_created_at;
  std::string groups_hash;
  TimePoint groups_of;  // when the token was issued that they were taken from
};

Result<std::optional<Record>> record_of(sql::Session& session, const Identity& identity) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT principal, user_created_ms, groups_hash, groups_of_ms FROM oidc_people WHERE "
                              "issuer = ? AND subject = ?",
                              {identity.issuer, identity.subject}));
  if (!row) return std::nullopt;
  return Record{.principal = row->text(0),
                .user_created_at = from_unix_ms(row->integer(1)),
                .groups_hash = row->text(2),
                .groups_of = from_unix_ms(row->integer(3))};
}

std::string hash_of(const std::vector<std::string>& groups) {
  return sha256_hex(to_text(Json(groups)));
}

bool has_other_groups(const Identity& identity, const Record& record) {
  return identity.groups && identity.issued_at >= record.groups_of && hash_of(*identity.groups) != record.groups_hash;
}
// The same claims may mean other groups by now: somebody changed here what they map to.
bool should_set_groups(const Identity& identity, const Record& record) {
  return has_other_groups(identity, record) ||
         (identity.groups && identity.issued_at >= record.groups_of + groups_set_after);
}

// A user of the same name that was made later is somebody else.
Result<bool> is_there(sql::Session& session, const IdentityService& users, const Record& record) {
  const auto user = users.get_user_in(session, record.principal);
  if (user) return user->created_at == record.user_created_at;
  if (user.error().code == ErrorCode::not_found) return false;
  return Failure(user.error());
}

Result<void> require_good(sql::Session& session, const IdentityService& users, const Record& record) {
  CICLO_TRY(const bool there, is_there(session, users, record));
  if (!there)
    return fail(ErrorCode::unauthenticated, "your user was deleted here", {},
                "an administrator can let you in again: ciclo identity-link delete");
  CICLO_TRY(const User user, users.get_user_in(session, record.principal));
  if (!user.is_disabled) return {};
  return fail(ErrorCode::unauthenticated, "your user is disabled here", {}, "ask an administrator");
}

Result<bool> is_free(sql::Session& session, const IdentityService& users, const std::string& name) {
  CICLO_TRY(const auto linked, session.query_one("SELECT 1 FROM oidc_people WHERE principal = ?", {name}));
  if (linked) return false;
  const auto user = users.get_user_in(session, name);
  if (user) return false;
  if (user.error().code == ErrorCode::not_found) return true;
  return Failure(user.error());
}

Result<std::string> free_name(sql::Session& session, const IdentityService& users, const std::string& wish) {
  const std::string name = clean_name(wish);
  for (int number = 1; number <= max_number; ++number) {
    std::string candidate = number == 1 ? name : fmt::format("{}-{}", name, number);
    if (candidate == "system") continue;
    CICLO_TRY(const bool free, is_free(session, users, candidate));
    if (free) return candidate;
  }
  return name + "-" + random_hex(8);
}

std::string clean_display_name(const std::string& wish) {
  std::string out;
  for (const char c : wish)
    if (!has_control_character({&c, 1})) out += c;
  if (out.size() <= max_display_name) return out;
  std::size_t end = max_display_name;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;  // no half of a UTF-8 character
  return out.substr(0, end);
}

Result<Record> make_user_in(sql::Session& session, const People::Parts& parts, const Identity& identity) {
  CICLO_TRY(const std::string name, free_name(session, parts.identity, identity.name));
  CICLO_TRY(const User user, parts.identity.create_user_in(session, name, clean_display_name(identity.display_name)));
  CICLO_CHECK(session.execute(
      "INSERT INTO oidc_people (issuer, subject, principal, user_created_ms, groups_hash, "
      "groups_of_ms, created_ms) VALUES (?,?,?,?,'',0,?)",
      {identity.issuer, identity.subject, name, to_unix_ms(user.created_at), to_unix_ms(parts.clock.now())}));
  return Record{.principal = name, .user_created_at = user.created_at, .groups_hash = {}, .groups_of = {}};
}

}  // namespace

std::string clean_name(const std::string& wish) {
  std::string out;
  for (const char c : to_lower(wish)) {
    if (out.size() == max_name) break;
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    // One '-' for a row of others, none at the beginning; a name also never begins with a dot.
    if (good && !(c == '.' && out.empty())) out += c;
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  while (out.ends_with('-') || out.ends_with('.')) out.pop_back();
  return out.empty() ? "user" : out;
}

Result<std::optional<std::string>> People::find(const Identity& identity) {
  return parts_.database.read([&](sql::Session& session) -> Result<std::optional<std::string>> {
    CICLO_TRY(const auto record, record_of(session, identity));
    if (!record) return std::nullopt;
    CICLO_CHECK(require_good(session, parts_.identity, *record));
    if (parts_.groups != nullptr && should_set_groups(identity, *record)) return std::nullopt;
    return record->principal;
  });
}

Result<SignedIn> People::sign_in_in(sql::Session& session, const Identity& identity) {
  CICLO_TRY(auto record, record_of(session, identity));
  const bool is_new = !record;
  if (is_new) {
    CICLO_TRY(record, make_user_in(session, parts_, identity));
  }
  CICLO_CHECK(require_good(session, parts_.identity, *record));
  SignedIn signed_in{.principal = record->principal, .is_new = is_new};
  if (parts_.groups == nullptr || !identity.groups || identity.issued_at < record->groups_of) return signed_in;
  signed_in.groups_have_changed = has_other_groups(identity, *record);
  CICLO_CHECK(parts_.groups->set_in(session, record->principal, *identity.groups));
  CICLO_CHECK(
      session.execute("UPDATE oidc_people SET groups_hash = ?, groups_of_ms = ? WHERE issuer = ? AND subject = ?",
                      {hash_of(*identity.groups), to_unix_ms(identity.issued_at), identity.issuer, identity.subject}));
  return signed_in;
}

Result<std::vector<Link>> People::list() {
  return parts_.database.read([&](sql::Session& session) -> Result<std::vector<Link>> {
    CICLO_TRY(const auto rows, session.query("SELECT issuer, subject, principal, user_created_ms, created_ms FROM "
                                             "oidc_people ORDER BY principal"));
    std::vector<Link> links;
    for (const auto& row : rows) {
      const Record record{.principal = row.text(2), .user_created_at = from_unix_ms(row.integer(3))};
      CICLO_TRY(const bool there, is_there(session, parts_.identity, record));
      links.push_back({.issuer = row.text(0),
                       .subject = row.text(1),
                       .principal = record.principal,
                       .created_at = from_unix_ms(row.integer(4)),
                       .is_refused = !there});
    }
    return links;
  });
}

Result<Link> People::remove_in(sql::Session& session, const std::string& principal) {
  CICLO_TRY(const auto row,
            session.query_one("SELECT issuer, subject, created_ms FROM oidc_people WHERE principal = ?", {principal}));
  if (!row) return fail(ErrorCode::not_found, fmt::format("no identity of a provider is linked to '{}'", principal));
  CICLO_CHECK(session.execute("DELETE FROM oidc_people WHERE principal = ?", {principal}));
  return Link{.issuer = row->text(0),
              .subject = row->text(1),
              .principal = principal,
              .created_at = from_unix_ms(row->integer(2))};
}

}  // namespace ciclo::administration::oidc
