#include "data_estate/datastore_credentials.hpp"

#include <fmt/format.h>

#include <array>

#include "base/text.hpp"
#include "base/wipe.hpp"

namespace ciclo::data_estate {
namespace {

using resources::CheckContext;
using resources::Draft;

struct SecretField {
  const char* name;
  const char* type;
};
constexpr std::array<SecretField, 4> secret_fields = {{{"account_key", "account_key"},
                                                       {"sas_token", "sas"},
                                                       {"client_secret", "service_principal"},
                                                       {"certificate", "certificate"}}};
constexpr std::string_view write_value = "secrets/values/write";

// The secret that a value written into the document itself is kept in.
std::string own_secret(const std::string& datastore, const char* field) {
  return fmt::format("datastore-{}-{}", datastore, replace_all(field, "_", "-"));
}

std::string reference_to(const std::string& secret) {
  return fmt::format("${{{{secrets.{}}}}}", secret);
}

// The name of the secret that holds the value now.
Result<std::string> move_to_vault(const CheckContext& context, const administration::Vault& vault,
                                  const resources::ResourceKey& datastore, const char* field, std::string_view value) {
  const std::string name = own_secret(datastore.name, field);
  const auto decision = resources::require(context.access, context.caller, write_value,
                                           {datastore.workspace, administration::secret_subject(name)});
  if (!decision) {
    Error error = decision.error();
    error.add_context("a credential is kept in the vault");
    error.target = std::string("/credentials/") + field;
    return Failure(std::move(error));
  }
  auto made = vault.put_in(context.session, {.workspace = datastore.workspace,
                                             .name = name,
                                             .value = value,
                                             .content_type = {},
                                             .expires_at = std::nullopt,
                                             .created_by = context.caller.principal});
  if (!made) {
    made.error().target = std::string("/credentials/") + field;
    return Failure(made.error());
  }
  CICLO_CHECK(vault.parts().audit.record(context.session,
                                         {.caller = context.caller,
                                          .action = std::string(write_value),
                                          .operation = "set secret",
                                          .workspace = datastore.workspace,
                                          .target = administration::secret_path(datastore.workspace, name),
                                          .decision = *decision,
                                          .detail = {{"version", made->version}, {"used_by", datastore.path()}}}));
  return name;
}

}  // namespace

void name_credential_type(Json& spec) {
  Json& credentials = spec["credentials"];
  if (!credentials.is_object()) credentials = Json::object();
  std::string type = text_or(credentials, "type", "none");
  for (const SecretField& field : secret_fields)
    if (credentials.contains(field.name)) type = field.type;
  credentials["type"] = type;
}

Result<void> keep_credentials(const CheckContext& context, Draft& draft, const administration::Vault* vault) {
  Json& credentials = draft.resource.spec["credentials"];
  const resources::ResourceKey& key = draft.resource.key;
  for (const SecretField& field : secret_fields) {
    if (!credentials.contains(field.name)) continue;
    auto& text = credentials[field.name].get_ref<std::string&>();
    if (administration::mentions_secret(text)) {
      CICLO_TRY(const auto pieces, administration::parse_secret_text(text));
      if (pieces.size() != 1)
        return fail(ErrorCode::invalid, "the credential is a reference to a secret and something else",
                    std::string("/credentials/") + field.name, "write ${{secrets.name}} alone");
      continue;
    }
    if (vault == nullptr || text.empty()) {
      wipe(text);
      credentials.erase(field.name);
      continue;
    }
    const WipedText value(std::move(text));
    CICLO_TRY(const std::string name, move_to_vault(context, *vault, key, field.name, value.get()));
    credentials[field.name] = reference_to(name);
  }
  // What was moved just now is not asked for: who may write a secret need not be allowed to read it.
  Json given = credentials;
  for (const SecretField& field : secret_fields)
    if (text_or(given, field.name) == reference_to(own_secret(key.name, field.name))) given.erase(field.name);
  return administration::check_secret_references(context, key.workspace, given, "/credentials");
}

Result<void> forget_credentials(const CheckContext& context, const resources::Resource& datastore,
                                const administration::Vault& vault) {
  const resources::ResourceKey& key = datastore.key;
  for (const SecretField& field : secret_fields) {
    const std::string name = own_secret(key.name, field.name);
    if (text_or(member(datastore.spec, "credentials"), field.name) != reference_to(name)) continue;
    CICLO_CHECK(administration::Vault::store().erase(context.session, key.workspace, name));
    CICLO_CHECK(vault.parts().audit.record(context.session, {.caller = context.caller,
                                                             .action = "storage/write",
                                                             .operation = "delete secret",
                                                             .workspace = key.workspace,
                                                             .target = administration::secret_path(key.workspace, name),
                                                             .decision = {true, "it goes with its datastore"},
                                                             .detail = {{"used_by", key.path()}}}));
  }
  return {};
}

}  // namespace ciclo::data_estate
