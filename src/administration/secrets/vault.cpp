#include "administration/secrets/vault.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "administration/secrets/key_text.hpp"
#include "administration/secrets/rotation.hpp"

namespace ciclo::administration {
namespace {

constexpr std::string_view read_value = "secrets/values/read";

std::string place_of(const SecretVersion& about, std::int64_t data_key) {
  return sealed_place("vault_secrets", "ciphertext",
                      {about.workspace, about.name, std::to_string(about.version), std::to_string(data_key)});
}

Failure no_such_secret(const SecretKey& key) {
  if (key.version > 0)
    return fail(ErrorCode::not_found, fmt::format("the secret '{}' has no version {}", key.name, key.version),
                secret_path(key.workspace, key.name), fmt::format("ciclo secret show --name {}", key.name));
  return fail(ErrorCode::not_found, fmt::format("there is no secret '{}' in workspace '{}'", key.name, key.workspace),
              secret_path(key.workspace, key.name), fmt::format("ciclo secret set --name {}", key.name));
}

Result<void> check_usable(const SecretVersion& secret, TimePoint now) {
  const std::string which = fmt::format("version {} of the secret '{}'", secret.version, secret.name);
  if (!secret.enabled)
    return fail(
        ErrorCode::conflict, which + " is disabled", secret_path(secret.workspace, secret.name),
        fmt::format("ciclo secret enable --name {} --version {}, or set a new version", secret.name, secret.version));
  if (secret.expires_at && *secret.expires_at <= now)
    return fail(ErrorCode::conflict, fmt::format("{} expired at {}", which, format_rfc3339(*secret.expires_at)),
                secret_path(secret.workspace, secret.name), "set a new version");
  return {};
}

Error at(Error error, const std::string& pointer) {
  error.target = pointer;
  return error;
}

Result<resources::Decision> require_read(const resources::AccessPolicy& access, const resources::Caller& caller,
                                         const SecretKey& key) {
  const std::string subject = secret_subject(key.name);
  auto decision = resources::require(access, caller, read_value, {key.workspace, subject});
  if (!decision)
    decision.error().add_context(fmt::format("the secret '{}' may be used only by who may read its value", key.name));
  return decision;
}

}  // namespace

std::string secret_subject(const std::string& name) {
  return "secret/" + name;
}
std::string secret_path(const std::string& workspace, const std::string& name) {
  return fmt::format("/workspaces/{}/secret/{}", workspace, name);
}

UsedSecrets::~UsedSecrets() {
  for (auto& [name, value] : variables) wipe(value);
  for (std::string& value : values) wipe(value);
}

const SecretStore& Vault::store() {
  static const SecretStore store;
  return store;
}

Result<SecretBytes> Vault::data_key_in(sql::Session&, const DataKeyRow& row) const {
  const std::string place = sealed_place("vault_data_keys", "sealed", {row.workspace, std::to_string(row.number)});
  auto opened = parts_.sealer.open_sealed(row.sealed, place);
  if (!opened) return Failure(std::move(opened).error());
  const WipedText key(std::move(*opened));
  if (key.get().size() != master_key_bytes) return fail(ErrorCode::internal, "a data key has the wrong length");
  return SecretBytes::copy_of(key.get());
}

Result<std::pair<std::int64_t, SecretBytes>> Vault::newest_data_key_in(sql::Session& session,
                                                                       const std::string& workspace) const {
  CICLO_TRY(const auto known, store().find_data_key(session, workspace));
  if (known) {
    CICLO_TRY(SecretBytes key, data_key_in(session, *known));
    return std::pair(known->number, std::move(key));
  }
  CICLO_CHECK(hold_master_key(session, parts_.sealer));
  SecretBytes made = SecretBytes::random(master_key_bytes);
  const std::string place = sealed_place("vault_data_keys", "sealed", {workspace, "1"});
  CICLO_CHECK(
      store().add_data_key(session, {workspace, 1, parts_.sealer.seal(made.view(), place)}, parts_.clock.now()));
  return std::pair(std::int64_t{1}, std::move(made));
}

Result<SecretVersion> Vault::put_in(sql::Session& session, const NewSecret& secret) const {
  CICLO_CHECK(check_secret_name(secret.name));
  if (secret.value.empty())
    return fail(ErrorCode::invalid, "the secret has no value", "/value", "give it as a text that is not empty");
  if (secret.value.size() > longest_secret_bytes)
    return fail(ErrorCode::too_large,
                fmt::format("the value has {} bytes; at most {} are kept", secret.value.size(), longest_secret_bytes),
                "/value");
  if (secret.expires_at && *secret.expires_at <= parts_.clock.now())
    return fail(ErrorCode::invalid, "the secret would be over its time at once", "/expires_at", "name a later time");
  parts_.known.add(secret.value);
  CICLO_TRY(const auto key, newest_data_key_in(session, secret.workspace));
  SealedSecret sealed{.about = {.workspace = secret.workspace,
                                .name = secret.name,
                                .version = 0,
                                .content_type = secret.content_type,
                                .tags = secret.tags,
                                .enabled = true,
                                .expires_at = secret.expires_at,
                                .created_at = parts_.clock.now(),
                                .created_by = secret.created_by},
                      .data_key = key.first,
                      .ciphertext = {}};
  CICLO_TRY(sealed.about.version, store().next_version(session, secret.workspace, secret.name));
  sealed.ciphertext = encrypt(key.second, secret.value, place_of(sealed.about, sealed.data_key));
  CICLO_CHECK(store().insert(session, sealed));
  return sealed.about;
}

Result<OpenedSecret> Vault::open_in(sql::Session& session, const SecretKey& key) const {
  CICLO_TRY(const auto found, store().find(session, key.workspace, key.name, key.version));
  if (!found) return no_such_secret(key);
  CICLO_CHECK(check_usable(found->about, parts_.clock.now()));
  CICLO_TRY(const auto row, store().find_data_key(session, key.workspace, found->data_key));
  if (!row) return fail(ErrorCode::internal, "the secret's data key is missing", secret_path(key.workspace, key.name));
  CICLO_TRY(const SecretBytes data_key, data_key_in(session, *row));
  auto value = decrypt(data_key, found->ciphertext, place_of(found->about, found->data_key));
  if (!value) return Failure(at(std::move(value).error(), secret_path(key.workspace, key.name)));
  parts_.known.add(*value);
  return OpenedSecret{found->about, WipedText(std::move(*value))};
}

Result<void> Vault::audit_use_in(sql::Session& session, const SecretsUse& use, const SecretVersion& secret,
                                 const resources::Decision& decision) const {
  return parts_.audit.record(session, {.caller = use.caller,
                                       .action = std::string(read_value),
                                       .operation = "use secret",
                                       .workspace = use.workspace,
                                       .target = secret_path(use.workspace, secret.name),
                                       .decision = decision,
                                       .detail = {{"version", secret.version}, {"used_by", use.used_by}}});
}

Result<UsedSecrets> Vault::use(const SecretsUse& use) const {
  return parts_.database.write([&](sql::Session& session) -> Result<UsedSecrets> {
    UsedSecrets used;
    for (const auto& [name, value] : use.variables.items()) {
      if (!value.is_string() || !mentions_secret(value.get_ref<const std::string&>())) continue;
      const std::string where = "/environment_variables/" + escape_pointer_token(name);
      CICLO_TRY(const auto pieces, parse_secret_text(value.get_ref<const std::string&>()));
      std::string whole;
      for (const SecretTextPiece& piece : pieces) {
        whole += piece.text;
        if (!piece.reference) continue;
        const SecretKey key{use.workspace, piece.reference->name, piece.reference->version};
        const auto decision = require_read(parts_.access, use.caller, key);
        if (!decision) return Failure(at(decision.error(), where));
        const auto secret = open_in(session, key);
        if (!secret) return Failure(at(secret.error(), where));
        if (secret->value.get().find('\0') != std::string::npos)
          return fail(ErrorCode::invalid,
                      fmt::format("the secret '{}' holds a NUL and cannot be an environment variable", key.name),
                      where);
        whole += secret->value.get();
        std::string which = fmt::format("{}:{}", secret->about.name, secret->about.version);
        if (std::ranges::find(used.names, which) != used.names.end()) continue;
        CICLO_CHECK(audit_use_in(session, use, secret->about, *decision));
        used.values.push_back(secret->value.get());
        used.names.push_back(std::move(which));
      }
      used.variables.emplace_back(name, std::move(whole));
    }
    return used;
  });
}

Result<void> check_secret_references(const resources::CheckContext& context, const std::string& workspace,
                                     const Json& variables, const std::string& pointer) {
  if (!variables.is_object()) return {};
  for (const auto& [name, value] : variables.items()) {
    const Json one = {{name, value}};
    CICLO_TRY(const auto references, references_in_variables(one, pointer));
    const std::string where = pointer + "/" + escape_pointer_token(name);
    for (const SecretReference& reference : references) {
      const SecretKey key{workspace, reference.name, reference.version};
      const auto decision = require_read(context.access, context.caller, key);
      if (!decision) return Failure(at(decision.error(), where));
      CICLO_TRY(const auto found, Vault::store().find(context.session, workspace, key.name, key.version));
      if (!found) return Failure(at(no_such_secret(key).error(), where));
      if (const auto usable = check_usable(found->about, context.now); !usable)
        return Failure(at(usable.error(), where));
    }
  }
  return {};
}

Result<std::string> pin_secrets(sql::Session& session, const std::string& workspace, const std::string& text) {
  if (!mentions_secret(text)) return text;
  CICLO_TRY(const auto pieces, parse_secret_text(text));
  std::string out;
  for (const SecretTextPiece& piece : pieces) {
    out += piece.text;
    if (!piece.reference) continue;
    SecretReference pinned = *piece.reference;
    CICLO_TRY(const auto found, Vault::store().find(session, workspace, pinned.name, pinned.version));
    if (!found) return no_such_secret({workspace, pinned.name, pinned.version});
    pinned.version = found->about.version;
    out += pinned.text();
  }
  return out;
}

Result<void> check_no_secrets(sql::Session& session, const std::string& workspace) {
  CICLO_TRY(const VaultSummary summary, Vault::store().summary(session, workspace));
  if (summary.secrets == 0) return {};
  return fail(ErrorCode::conflict,
              fmt::format("workspace '{}' is not empty: it has {} secrets", workspace, summary.secrets), {},
              fmt::format("delete them first: ciclo secret list --workspace-name {}", workspace));
}

}  // namespace ciclo::administration
