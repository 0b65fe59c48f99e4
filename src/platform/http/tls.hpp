// Internal to this folder: OpenSSL contexts. TLS 1.2 and 1.3; under 1.2 only ciphers with forward secrecy and
// authenticated encryption (RFC 9325); no compression, no renegotiation. By ALPN only http/1.1 is spoken.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "platform/http/server.hpp"

namespace ciclo::http {

using TlsContext = boost::asio::ssl::context;

// Fails with invalid, naming the file, when a certificate or key cannot be read or they do not belong together.
Result<std::shared_ptr<TlsContext>> server_tls(const TlsSettings& settings);
// Verifies the peer against `authority_file`, or against the system's authorities when it is empty.
Result<std::shared_ptr<TlsContext>> client_tls(const std::string& authority_file);

// The server's context, made anew when its files were replaced. Files that do not go together (yet) are reported once
// and the earlier ones stay in use.
//
// Thread safety: current() from any thread.
class ServerTls {
 public:
  using Report = std::function<void(std::string_view)>;
  static Result<std::unique_ptr<ServerTls>> open(TlsSettings settings, Report report);

  // Looks at the files at most once a second.
  std::shared_ptr<TlsContext> current();

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::filesystem::file_time_type>;
  ServerTls(TlsSettings settings, Report report) : settings_(std::move(settings)), report_(std::move(report)) {}
  Stamp stamp() const;

  const TlsSettings settings_;
  const Report report_;
  std::mutex mutex_;
  std::shared_ptr<TlsContext> context_;
  Stamp seen_;
  std::string told_;  // the last failure
  std::chrono::steady_clock::time_point next_look_;
};

}  // namespace ciclo::http
