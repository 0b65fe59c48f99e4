#include "server/key_rotation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "administration/secrets/key_text.hpp"
#include "administration/sign_in/one_time_codes.hpp"
#include "outer_loop/endpoints/keys.hpp"
#include "outer_loop/webhooks/store.hpp"
#include "server/schema.hpp"

namespace ciclo::server {
namespace {

using administration::MasterKeySource;
using administration::Sealer;

// The next key: from where the user said, or a new one in a file beside the one that is replaced.
Result<administration::MasterKey> next_key(const Settings& settings, const MasterKeySource* given) {
  if (given != nullptr) return administration::load_master_key(*given);
  if (settings.master_key->from != MasterKeySource::From::file)
    return fail(ErrorCode::invalid, "the next master key has no source", "--new-master-key-file",
                "give --new-master-key-file, --new-master-key-command or the variable CICLO_NEW_MASTER_KEY");
  auto made = administration::SecretBytes::random(administration::master_key_bytes);
  CICLO_CHECK(administration::write_key_file(administration::next_key_file(settings.master_key->file), made));
  return administration::master_key_of(std::move(made));
}

Result<void> rotate(const Settings& settings, const MasterKeySource* given) {
  const SystemClock clock;
  CICLO_TRY(const auto database, sql::Database::open(database_url(settings)));
  CICLO_CHECK(database->migrate(all_migrations()));
  CICLO_TRY(auto old_key, open_master_key(*database, settings, clock));
  CICLO_TRY(auto new_key, next_key(settings, given));
  const Sealer from(std::move(old_key));
  const Sealer to(std::move(new_key));
  if (from.key_id() == to.key_id())
    return fail(ErrorCode::invalid, "the next master key is the one there is", {}, "give another one");
  CICLO_TRY(const auto count, administration::seal_again(*database, from, to, all_sealed_columns(), clock));
  if (given == nullptr) CICLO_CHECK(administration::settle_key_file(*database, settings.master_key->file));
  std::cout << fmt::format("Sealed again with master key {}: {} texts, new data keys for {} workspaces.\n", to.key_id(),
                           count.sealed, count.data_keys);
  if (given != nullptr)
    std::cout << fmt::format("From now on start the server with the key of {}.\n", given->description());
  else
    std::cout << fmt::format("The key before it is kept as {}.{}: backups of the database made until now need it.\n",
                             settings.master_key->file.string(), from.key_id());
  return {};
}

}  // namespace

administration::SealedColumns all_sealed_columns() {
  administration::SealedColumns all;
  for (const auto& module : {administration::vault_sealed_columns(), administration::one_time_sealed_columns(),
                             outer_loop::endpoint_sealed_columns(), outer_loop::webhook_sealed_columns()})
    all.insert(all.end(), module.begin(), module.end());
  all.push_back({.table = "audit_keys", .key = {"id"}, .column = "sealed"});
  return all;
}

int rotate_master_key(const std::vector<std::string>& words, KeyVariables& variables) {
  if (std::ranges::any_of(words, [](const std::string& word) { return word == "--help" || word == "-h"; })) {
    std::cout << "ciclo server rotate-master-key: Seal all secrets with another master key. The server must not run; "
                 "jobs and endpoints may.\n\nOptions:\n"
              << cli::help_of(rotation_options())
              << "\nThe key may also be in CICLO_MASTER_KEY, the next one in CICLO_NEW_MASTER_KEY.\n";
    return 0;
  }
  const auto refuse = [](const Error& error, int code) {
    std::cerr << "ERROR: " << error.text() << "\n";
    return code;
  };
  const auto options = cli::parse_options(rotation_options(), words);
  if (!options) return refuse(options.error(), 2);
  const auto settings = read_settings(*options, variables);
  if (!settings) return refuse(settings.error(), 2);
  const auto next = read_next_key(*options, variables);
  if (!next) return refuse(next.error(), 2);
  const auto done = rotate(*settings, next->get());
  return done ? 0 : refuse(done.error(), 1);
}

}  // namespace ciclo::server
