#include "cli/download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/text.hpp"
#include "cli/transfer.hpp"

namespace ciclo::cli {
namespace {

namespace fs = std::filesystem;

bool stays_inside(const std::string& name) {
  const fs::path path(name);
  if (path.empty() || path.is_absolute()) return false;
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) return false;
  for (const fs::path& part : path)
    if (part == ".." || part == ".") return false;
  return true;
}

std::string without_slashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

// Of runs:/R/P and mlflow-artifacts:/P; empty for other references.
std::string mlflow_path(const std::string& workspace_path, std::string_view reference) {
  static constexpr std::string_view run = "runs:/";
  static constexpr std::string_view proxied = "mlflow-artifacts:/";
  static constexpr std::string_view api = "/api/v1";
  if (reference.starts_with(run)) {
    const std::string rest = without_slashes(reference.substr(run.size()));
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    return fmt::format("{}/runs/{}/artifacts{}", workspace_path, http::percent_encode(rest.substr(0, slash)),
                       encode_path(rest.substr(slash)));
  }
  if (reference.starts_with(proxied) && workspace_path.starts_with(api))
    return fmt::format("{}/api/2.0/mlflow-artifacts/artifacts/{}", workspace_path.substr(api.size()),
                       encode_path(without_slashes(reference.substr(proxied.size()))));
  return {};
}

}  // namespace

Result<fs::path> path_below(const fs::path& folder, const std::string& name) {
  if (stays_inside(name)) return folder / name;
  return fail(ErrorCode::invalid, "the server named a file that would leave the folder", {},
              "nothing was written there; check that the server is the one you mean");
}

std::string encode_path(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) parts.push_back(http::percent_encode(part));
  return join(parts, "/");
}

Result<std::string> content_path(const std::string& workspace_path, const std::string& reference) {
  static constexpr std::string_view scheme = "azureml://";
  if (auto path = mlflow_path(workspace_path, reference); !path.empty()) return path;
  std::string rest = reference.starts_with(scheme) ? reference.substr(scheme.size()) : "";
  if (rest.starts_with("jobs/") && rest.find("/paths/") == std::string::npos) rest += "/paths";
  if (!rest.starts_with("datastores/") && !rest.starts_with("jobs/"))
    return fail(ErrorCode::unsupported, fmt::format("'{}' cannot be downloaded by its path", reference));
  while (rest.ends_with('/')) rest.pop_back();
  return workspace_path + "/" + encode_path(rest);
}

Result<void> download_file(Session& session, const std::string& path, const fs::path& target) {
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  const fs::path temporary = target.string() + ".part";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  if (!out)
    return fail(ErrorCode::invalid, fmt::format("cannot write '{}': {}", temporary.string(), std::strerror(errno)));
  http::ClientRequest request{.method = http::Method::get, .url = session.url(path)};
  request.sink = [&](std::string_view piece) -> Result<void> {
    if (out.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return {};
    return fail(ErrorCode::internal, fmt::format("cannot write '{}': {}", temporary.string(), std::strerror(errno)));
  };
  const auto response = session.raw(std::move(request));
  out.close();
  if (response && response->status < 400 && out) {
    fs::rename(temporary, target, error);
    if (!error) return {};
  }
  std::error_code ignored;
  fs::remove(temporary, ignored);
  if (!response) return Failure(response.error());
  if (response->status >= 400) return Failure(error_of(*response));
  return fail(ErrorCode::internal, fmt::format("cannot write '{}'", target.string()));
}

Result<std::size_t> download_tree(Session& session, const std::string& path, const fs::path& target) {
  CICLO_TRY(const Json listing, session.get(path + "?recursive=true"));
  const bool is_file = member(listing, "is_file") == true;
  std::size_t count = 0;
  for (const Json& file : member(listing, "value")) {
    const std::string name = text_or(file, "name");
    CICLO_TRY(const fs::path place, path_below(target, name));
    const RemoteFile remote{.path = is_file ? path : path + "/" + encode_path(name),
                            .size = member(file, "size").is_number() ? member(file, "size").get<std::uint64_t>() : 0,
                            .sha256 = text_or(file, "sha256")};
    CICLO_CHECK(remote.sha256.empty() ? download_file(session, remote.path, place)
                                      : fetch_file(session, remote, place));
    ++count;
  }
  return count;
}

}  // namespace ciclo::cli
