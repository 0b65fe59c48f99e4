#include "server/first_start.hpp"

#include "server/private_file.hpp"

namespace ciclo::server {
namespace {

constexpr const char* administrator = "admin";
constexpr const char* purpose = "administrator";

// The file is written inside the transaction: a crash between the two leaves either no user, and the next start does it
// again, or both.
Result<void> give_token(const FirstStartParts& parts, sql::Session& session, const std::filesystem::path& token_file) {
  CICLO_TRY(const auto minted, parts.identity.mint_in(session, {.principal = administrator, .purpose = purpose}));
  return write_private_file(token_file, minted.secret + "\n");
}

}  // namespace

Result<void> prepare_first_start(const FirstStartParts& parts, const std::filesystem::path& token_file,
                                 bool reset_token) {
  CICLO_TRY(const auto users, parts.identity.list_users());
  if (!users.empty() && !reset_token) return {};
  return parts.database.write([&](sql::Session& session) -> Result<void> {
    if (users.empty()) {
      CICLO_CHECK(parts.identity.create_user_in(session, administrator, "Administrator"));
      CICLO_CHECK(parts.access.assign_in(
          session, {.principal = administrator, .role = std::string(administration::administrator_role)}));
    } else {
      CICLO_CHECK(parts.identity.revoke_purpose_in(session, purpose));
    }
    return give_token(parts, session, token_file);
  });
}

Result<void> ensure_workspace(resources::ResourceService& service, const std::string& name) {
  const auto caller = resources::Caller::system();
  const auto found =
      service.get(caller, {.workspace = "", .kind = "workspace", .parent = "", .name = name, .version = ""});
  if (found) return {};
  if (found.error().code != ErrorCode::not_found) return Failure(found.error());
  CICLO_CHECK(service.create(
      caller, {.workspace = "", .kind = "workspace", .parent = "", .document = {{"name", name}}, .owner = ""}));
  return {};
}

}  // namespace ciclo::server
