// Internal to this folder: the credentials of a datastore. Its document names secrets of the vault
// (account_key: ${{secrets.blob-key}}); a value that is written there itself is moved into the vault.
//
// Thread safety: plain functions.
#pragma once

#include "administration/secrets/vault.hpp"
#include "resources/kind.hpp"

namespace ciclo::data_estate {

// Puts `credentials.type` in by what is given ("none" when nothing is). Pure.
void name_credential_type(Json& spec);

// References: the secrets are there, and the caller may read their values. Values become the secret
// datastore-<name>-<field>, for which the caller needs secrets/values/write, and a reference to it. Without a vault a
// value is dropped.
Result<void> keep_credentials(const resources::CheckContext& context, resources::Draft& draft,
                              const administration::Vault* vault);

// Secrets that were made for the datastore's own values end with it.
Result<void> forget_credentials(const resources::CheckContext& context, const resources::Resource& datastore,
                                const administration::Vault& vault);

}  // namespace ciclo::data_estate
