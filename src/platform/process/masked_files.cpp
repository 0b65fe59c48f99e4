#include "platform/process/masked_files.hpp"

#include <fstream>

#include "platform/log/mask.hpp"

namespace ciclo::process {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 64U << 10U;

enum class Outcome : std::uint8_t { unchanged, masked, failed };

Outcome write_masked(const fs::path& from, const fs::path& to, const std::vector<std::string>& values) {
  log::Masker masker(values);
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::string piece(piece_bytes, '\0');
  std::uintmax_t taken = 0;
  // A value is six bytes at least and becomes three, so a changed text is a shorter one.
  std::uintmax_t given = 0;
  while (in && out) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    taken += got;
    const std::string shown = masker.take(std::string_view(piece).substr(0, got));
    given += shown.size();
    out.write(shown.data(), static_cast<std::streamsize>(shown.size()));
  }
  const std::string rest = masker.finish();
  given += rest.size();
  out.write(rest.data(), static_cast<std::streamsize>(rest.size()));
  out.close();
  if (!in.eof() || !out) return Outcome::failed;
  return given != taken ? Outcome::masked : Outcome::unchanged;
}

void mask_file(const fs::path& file, const std::vector<std::string>& values) {
  const fs::path beside = file.string() + ".masked";
  std::error_code error;
  const auto permissions = fs::status(file, error).permissions();
  const Outcome outcome = write_masked(file, beside, values);
  if (outcome == Outcome::masked) {
    fs::permissions(beside, permissions, error);
    fs::rename(beside, file, error);
  }
  if (outcome == Outcome::failed || (outcome == Outcome::masked && error)) fs::remove(file, error);
  fs::remove(beside, error);
}

}  // namespace

void mask_files(const fs::path& folder, const std::vector<std::string>& values) {
  std::error_code error;
  if (fs::is_symlink(folder, error)) return;
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    if (entry->symlink_status(error).type() == fs::file_type::regular) files.push_back(entry->path());
  for (const fs::path& file : files) mask_file(file, values);
}

}  // namespace ciclo::process
