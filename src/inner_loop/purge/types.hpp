// What is asked of a deletion for good, and what it answers.
//
// Thread safety: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "inner_loop/tracking/purge_store.hpp"
#include "resources/caller.hpp"

namespace ciclo::purge {

struct Tally {
  std::int64_t count = 0;
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;
  Tally& operator+=(const Tally& other) {
    count += other.count;
    rows += other.rows;
    bytes += other.bytes;
    return *this;
  }
};

// Something that was old enough and stays.
struct Kept {
  std::string kind;
  std::string name;
  std::string title;
  std::string reason;  // "model/weather:3 uses it"
};

struct Report {
  // By what it is: "run", "logged_model", "experiment", "dataset", "files", and the titles of dependants and leftovers.
  // "unfinished": what an earlier call had begun.
  std::vector<std::pair<std::string, Tally>> tallies;
  std::vector<Kept> kept;  // the first max_kept
  std::int64_t kept_count = 0;
  // Where to go on when the time of one call was not enough; null when all is done.
  Json resume;

  Tally& of(const std::string& what);
  void keep(Kept kept);
};
inline constexpr std::size_t max_kept = 200;
Json to_json(const Report& report);

struct GcRequest {
  std::string workspace;
  Milliseconds older_than = std::chrono::days(30);
  // Only these experiments (by name or id) with what is in them, or only these runs. Empty: everything.
  std::vector<std::string> experiments;
  std::vector<std::string> runs;
  bool dry_run = false;
  Json resume;  // of the answer before
};

// Others' rows that end with a run, a logged model or an experiment: traces, roles that were given on it. The functions
// are called within a transaction, and must stand being called again.
struct Dependant {
  std::string title;  // its line of the answer
  // In the transaction in which the thing vanishes; for little that must vanish with it. May be empty.
  std::function<Result<void>(sql::Session&, const tracking::Purge&)> forget = {};
  // Afterwards, about `most` rows a call. May be empty.
  std::function<Result<tracking::Erased>(sql::Session&, const tracking::Purge&, std::size_t most)> erase = {};
  // What erase() would remove in all. May be empty.
  std::function<Result<std::int64_t>(sql::Session&, const tracking::Purge&)> count = {};
};

// Unfinished work on the disk that nobody will go on with, such as uploads. `before`: Unix ms of its last change.
struct Leftovers {
  std::string title;
  std::function<Result<Tally>(std::int64_t before, bool dry_run)> sweep;
};

}  // namespace ciclo::purge
