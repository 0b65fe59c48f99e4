// The bytes a step takes and gives: inputs and code as local paths, their content as a hash, outputs into the blob
// store.
//
// Thread safety: safe from any thread, for different jobs.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "inner_loop/jobs/binding.hpp"
#include "inner_loop/jobs/parts.hpp"
#include "resources/resource.hpp"

namespace ciclo::inner_loop {

// An input of data, found.
struct FoundInput {
  std::string name;
  InputBinding binding;
  data_estate::Location location;
};

// Where an output is to be kept.
struct OutputPlace {
  std::string name;
  OutputBinding binding;
  std::string uri;  // "azureml://jobs/<job>/outputs/<name>", or as the user asked
  std::string key;  // of the blob or the folder of blobs
};

class Material {
 public:
  // `parts` must outlive this. Everything is looked up with the rights of `caller`.
  Material(const JobParts& parts, resources::Caller caller, std::string workspace)
      : parts_(parts), caller_(std::move(caller)), workspace_(std::move(workspace)) {}

  // Where a reference leads; the output of another job by that job's own word.
  Result<data_estate::Location> locate(const std::string& reference, ValueType type) const;
  Result<std::vector<OutputPlace>> output_places(const resources::Resource& job) const;

  // SHA-256 over names and contents below a location.
  Result<std::string> content_of(const data_estate::Location& location) const;

  // A path that the step reads: in place where the blob store and the mode allow it, else a copy below `folder`. An
  // empty folder of blobs is an empty folder; a missing file fails with not_found.
  //
  // A file at an http address is fetched below `folder` when the mode is download; in other modes the step gets the
  // address itself, as it does of other places outside this server.
  Result<std::filesystem::path> provide(const FoundInput& input, const std::filesystem::path& folder,
                                        const std::stop_token& stop = {}) const;
  // Copies a blob or a tree of blobs to a path of this machine.
  Result<void> copy_out(const std::string& key, const std::filesystem::path& target) const;
  // Takes a file or folder of this machine into the blob store; nothing there is fine.
  Result<void> collect(const std::filesystem::path& from, const std::string& key) const;
  // Copies blobs within the store.
  Result<void> duplicate(const std::string& from, const std::string& to, const std::filesystem::path& scratch) const;

 private:
  Result<std::filesystem::path> fetch(const FoundInput& input, const std::filesystem::path& folder,
                                      const std::stop_token& stop) const;
  bool is_blob(const std::string& key) const { return parts_.blobs.stat(key).has_value(); }

  const JobParts& parts_;
  const resources::Caller caller_;
  const std::string workspace_;
};

// "azureml://jobs/<job>/outputs/<output>[/paths/<path>]" taken apart; nothing for another form.
struct JobOutputReference {
  std::string job;
  std::string output;
  std::string path;
};
std::optional<JobOutputReference> parse_job_output(std::string_view reference);

}  // namespace ciclo::inner_loop
