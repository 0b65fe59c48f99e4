#include "administration/audit/witness.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/text.hpp"

namespace ciclo::administration {

bool AuditWitness::exists() const {
  std::error_code ignored;
  return std::filesystem::exists(file_, ignored);
}

AuditWitness::Seen AuditWitness::read(const AuditKey& key) const {
  std::ifstream in(file_);
  std::string line;
  if (!in) return {};
  std::getline(in, line);
  const auto words = split(line, ' ');
  const auto sequence = words.size() == 3 ? parse_int(words[0]) : std::nullopt;
  if (!sequence) return {.head = std::nullopt, .is_damaged = true};
  AuditHead head{*sequence, words[1]};
  if (!key.code_fits(AuditPurpose::witness, bytes_of(head), words[2]))
    return {.head = std::nullopt, .is_damaged = true};
  return {.head = std::move(head), .is_damaged = false};
}

Result<void> AuditWitness::write(const AuditKey& key, const AuditHead& head) const {
  const std::string line =
      fmt::format("{} {} {}\n", head.sequence, head.hash, key.code(AuditPurpose::witness, bytes_of(head)));
  const std::string temporary = file_.string() + ".new";
  const int out = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      out >= 0 && ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fdatasync(out) == 0;
  const int reason = errno;
  if (out >= 0) ::close(out);
  if (written && ::rename(temporary.c_str(), file_.c_str()) == 0) return {};
  return fail(ErrorCode::internal, fmt::format("cannot write the audit log's witness: {}", std::strerror(reason)),
              file_.string());
}

}  // namespace ciclo::administration
