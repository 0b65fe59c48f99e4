#include "cli/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/text.hpp"

namespace ciclo::cli {
namespace {

namespace fs = std::filesystem;

constexpr int max_inline_depth = 8;

std::string without_file_prefix(std::string text) {
  return text.starts_with("file:") ? text.substr(5) : text;
}

// Every pointer in `value` that a rule's pattern ("/jobs/*/code") means, with `base` before it.
void expand(const Json& value, const std::vector<std::string>& tokens, std::size_t at, const std::string& pointer,
            std::vector<std::string>& found) {
  if (at == tokens.size()) {
    if (value.is_string()) found.push_back(pointer);
    return;
  }
  const auto step = [&](const std::string& token, const Json& child) {
    expand(child, tokens, at + 1, pointer + "/" + escape_pointer_token(token), found);
  };
  if (value.is_object()) {
    for (const auto& [key, child] : value.items())
      if (tokens[at] == "*" || tokens[at] == key) step(key, child);
  } else if (value.is_array() && tokens[at] == "*") {
    for (std::size_t i = 0; i < value.size(); ++i) step(std::to_string(i), value[i]);
  }
}

std::vector<std::string> expand(const Json& value, const std::string& base, const std::string& pattern) {
  std::vector<std::string> found;
  std::vector<std::string> tokens = split(pattern, '/');
  tokens.erase(tokens.begin());
  expand(at_pointer(value, base), tokens, 0, base, found);
  return found;
}

}  // namespace

bool is_local_path(std::string_view text) {
  static constexpr std::array<std::string_view, 10> others = {
      "azureml:", "runs:/",   "models:/", "mlflow-artifacts:", "http://", "https://",
      "wasbs://", "abfss://", "${{",      "/workspaces/"};
  return !text.empty() &&
         std::ranges::none_of(others, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

Result<std::string> read_text_file(const fs::path& file, std::size_t max_bytes) {
  std::error_code error;
  if (fs::is_directory(file, error)) return fail(ErrorCode::invalid, "expected a file, found a folder", file.string());
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(ErrorCode::not_found, fmt::format("cannot read the file: {}", std::strerror(errno)), file.string());
  std::string text;
  text.resize(max_bytes + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_bytes)
    return fail(ErrorCode::too_large, fmt::format("the file is larger than {} bytes", max_bytes), file.string());
  return text;
}

Result<Document> Document::load(const fs::path& file) {
  CICLO_TRY(const std::string text, read_text_file(file));
  CICLO_TRY(auto yaml, parse_yaml(text, file.string()));
  if (!yaml.value.is_object())
    return fail(ErrorCode::invalid, "expected 'key: value' lines of one resource", file.string() + ":1:1");
  Document document;
  document.value_ = yaml.value;
  document.folder_ = file.parent_path().empty() ? fs::path(".") : file.parent_path();
  document.sources_.push_back({.pointer = "", .file = file, .yaml = std::move(yaml)});
  return document;
}

Result<fs::path> Document::existing(const std::string& pointer, const std::string& text, const fs::path& folder) const {
  const fs::path named = without_file_prefix(text);
  const fs::path path = named.is_absolute() ? named : folder / named;
  std::error_code error;
  if (fs::exists(path, error)) return path.lexically_normal();
  return Failure(locate({ErrorCode::not_found,
                         fmt::format("there is no file or folder '{}'", path.lexically_normal().string()),
                         pointer,
                         "paths are relative to the file that names them",
                         {}}));
}

Result<void> Document::apply_rule(const resources::KindTable& kinds, const resources::LocalFieldRule& rule,
                                  const std::string& pointer, const fs::path& folder, int depth) {
  Json& field = value_[Json::json_pointer(pointer)];
  const std::string text = field.get<std::string>();
  if (!is_local_path(text)) return {};
  CICLO_TRY(const fs::path path, existing(pointer, text, folder));
  if (rule.action == resources::LocalField::upload) {
    uploads_.push_back({.pointer = pointer, .file = path});
    return {};
  }
  CICLO_TRY(const std::string content, read_text_file(path));
  CICLO_TRY(auto yaml, parse_yaml(content, path.string()));
  field = yaml.value;
  sources_.push_back({.pointer = pointer, .file = path, .yaml = std::move(yaml)});
  if (rule.action != resources::LocalField::inline_resource) return {};
  const resources::Kind* kind = kinds.find(rule.kind);
  if (kind == nullptr) return fail(ErrorCode::internal, fmt::format("no kind '{}'", rule.kind));
  if (auto valid = kinds.validate(*kind, field); !valid) {
    Error error = std::move(valid).error();
    error.target = pointer + error.target;
    for (Error& detail : error.details) detail.target = pointer + detail.target;
    return Failure(locate(std::move(error)));
  }
  return inline_at(kinds, *kind, pointer, path.parent_path(), depth + 1);
}

Result<void> Document::inline_at(const resources::KindTable& kinds, const resources::Kind& kind,
                                 const std::string& base, const fs::path& folder, int depth) {
  if (depth > max_inline_depth)
    return Failure(locate(
        {ErrorCode::invalid, "the files include each other too deeply", base, "does a file include itself?", {}}));
  for (const resources::LocalFieldRule& rule : kind.local_fields)
    for (const std::string& pointer : expand(value_, base, rule.pointer))
      CICLO_CHECK(apply_rule(kinds, rule, pointer, folder, depth));
  return {};
}

Result<void> Document::inline_files(const resources::KindTable& kinds, const resources::Kind& kind) {
  return inline_at(kinds, kind, "", folder_, 0);
}

Result<void> Document::upload_files(const Upload& upload) {
  for (const Local& local : uploads_) {
    auto reference = upload(local.file);
    if (!reference) {
      Error error = std::move(reference).error();
      error.target = local.pointer;
      return Failure(locate(std::move(error)));
    }
    value_[Json::json_pointer(local.pointer)] = *std::move(reference);
  }
  return {};
}

Error Document::locate(Error error) const {
  // The innermost file whose content holds the target.
  const Source* best = nullptr;
  for (const Source& source : sources_)
    if (error.target.starts_with(source.pointer) && (best == nullptr || source.pointer.size() >= best->pointer.size()))
      best = &source;
  const bool is_pointer = error.target.empty() || error.target.front() == '/';
  if (best != nullptr && is_pointer) {
    Error inside = error;
    inside.details.clear();
    inside.target = error.target.substr(best->pointer.size());
    if (inside.target.empty() && error.target.empty()) inside.target = "/";
    error.target = ciclo::locate(std::move(inside), best->yaml, best->file.string()).target;
  }
  for (Error& detail : error.details) detail = locate(std::move(detail));
  return error;
}

}  // namespace ciclo::cli
