#include "portability/artifact_transfer.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "portability/transfer.hpp"

namespace ciclo::portability {
namespace {

constexpr std::string_view rows = "artifact files";

// file:///x, file:/x and /x are one place.
std::string plain(std::string uri) {
  if (uri.starts_with("file://")) uri.erase(0, 7);
  else if (uri.starts_with("file:")) uri.erase(0, 5);
  while (uri.size() > 1 && uri.ends_with('/')) uri.pop_back();
  return uri;
}

Result<std::string> sha256_of(const Bytes& bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (;;) {
    CICLO_TRY(const std::string piece, bytes());
    if (piece.empty()) break;
    EVP_DigestUpdate(context.get(), piece.data(), piece.size());
  }
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

// The target works, but not for this file.
bool is_of_file(const Error& error) {
  return error.code == ErrorCode::invalid || error.code == ErrorCode::conflict || error.code == ErrorCode::too_large ||
         error.code == ErrorCode::not_found;
}

}  // namespace

void ArtifactTransfer::remember(const std::string& uri, const std::string& target_folder) {
  if (!uri.empty()) places_[plain(uri)] = target_folder;
}

std::optional<std::string> ArtifactTransfer::moved(const std::string& uri) const {
  std::string place = plain(uri);
  const std::string whole = place;
  while (!place.empty()) {
    if (const auto found = places_.find(place); found != places_.end())
      return found->second + whole.substr(place.size());
    const auto slash = place.rfind('/');
    if (slash == std::string::npos) break;
    place.resize(slash);
  }
  return std::nullopt;
}

Result<bool> ArtifactTransfer::is_same(const ArtifactPlace& place, const ArtifactFile& file, const KnownFile& known) {
  if (known.size != file.size) return false;
  if (known.sha256.empty() || !source_.is_local()) return true;
  CICLO_TRY(const Bytes bytes, source_.open(place, file));
  CICLO_TRY(const std::string sum, sha256_of(bytes));
  return sum == known.sha256;
}

Result<void> ArtifactTransfer::move_file(const ArtifactPlace& place, const ArtifactFile& file,
                                         const std::string& target_folder) {
  CICLO_TRY(const Bytes bytes, source_.open(place, file));
  return sink_.put_artifact({.folder = target_folder, .path = file.path, .size = file.size}, bytes);
}

Result<void> ArtifactTransfer::move(const ArtifactPlace& place, const std::string& target_folder,
                                    const std::string& who) {
  std::vector<std::string> skipped;
  const auto files = source_.artifacts(place, skipped);
  if (!files) {
    if (ends_all(files.error())) return Failure(files.error());
    // A run that never wrote a file has no folder.
    if (files.error().code == ErrorCode::not_found) return {};
    std::string why = files.error().message;
    if (!files.error().hint.empty()) why += " (" + files.error().hint + ")";
    report_.differ(who, why);
    return {};
  }
  for (const std::string& name : skipped) {
    ++report_.line(std::string(rows)).found;
    ++report_.line(std::string(rows)).skipped;
    report_.differ(who, "the artifact " + name);
  }
  if (files->empty()) return {};
  CICLO_TRY(const auto known, sink_.known_artifacts(target_folder));
  for (const ArtifactFile& file : *files) {
    Line& line = report_.line(std::string(rows));
    ++line.found;
    if (const auto here = known.find(file.path); here != known.end()) {
      CICLO_TRY(const bool same, is_same(place, file, here->second));
      ++(same ? line.present : line.skipped);
      if (!same) report_.differ(who, fmt::format("the artifact {} has another content here", file.path));
      continue;
    }
    if (const auto moved = move_file(place, file, target_folder); moved) {
      ++line.added;
    } else {
      if (!is_of_file(moved.error())) return moved;
      ++line.skipped;
      report_.differ(who, fmt::format("the artifact {}: {}", file.path, moved.error().message));
    }
  }
  return {};
}

}  // namespace ciclo::portability
