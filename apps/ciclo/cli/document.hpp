// A resource's YAML file on its way to the server: read, changed by --set and flags, checked, and with everything it
// names on the user's disk uploaded or inlined.
//
// Errors of any step name file:line:column.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "resources/kind.hpp"

namespace ciclo::cli {

class Document {
 public:
  // An empty document, for commands without --file.
  Document() = default;
  static Result<Document> load(const std::filesystem::path& file);

  Json& value() { return value_; }
  const Json& value() const { return value_; }

  // Replaces file names by what stands in the files, for the kind's inline fields. Checks every inlined resource
  // against its own schema.
  Result<void> inline_files(const resources::KindTable& kinds, const resources::Kind& kind);
  // Calls `upload` for every local path in an upload field and puts its answer (a reference) in the path's place.
  using Upload = std::function<Result<std::string>(const std::filesystem::path& local)>;
  Result<void> upload_files(const Upload& upload);

  // Pointers become file:line:column.
  Error locate(Error error) const;

 private:
  struct Source {
    std::string pointer;  // where in value_ the file's content stands
    std::filesystem::path file;
    YamlDocument yaml;
  };
  struct Local {
    std::string pointer;
    std::filesystem::path file;
  };
  Result<void> inline_at(const resources::KindTable& kinds, const resources::Kind& kind, const std::string& base,
                         const std::filesystem::path& folder, int depth);
  Result<void> apply_rule(const resources::KindTable& kinds, const resources::LocalFieldRule& rule,
                          const std::string& pointer, const std::filesystem::path& folder, int depth);
  Result<std::filesystem::path> existing(const std::string& pointer, const std::string& text,
                                         const std::filesystem::path& folder) const;

  Json value_ = Json::object();
  std::filesystem::path folder_ = ".";
  std::vector<Source> sources_;
  std::vector<Local> uploads_;
};

// Is it a path on this machine, and not a reference or URL?
bool is_local_path(std::string_view text);

Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes = 4U << 20U);

}  // namespace ciclo::cli
