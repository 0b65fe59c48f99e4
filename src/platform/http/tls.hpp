// Internal to this folder: OpenSSL contexts. TLS 1.2 and newer, with OpenSSL's own choice of ciphers.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "platform/http/server.hpp"

namespace ciclo::http {

using TlsContext = boost::asio::ssl::context;

// Fails with invalid, naming the file, when a certificate or key cannot be read or they do not belong together.
Result<std::shared_ptr<TlsContext>> server_tls(const TlsSettings& settings);
// Verifies the peer against `authority_file`, or against the system's authorities when it is empty.
Result<std::shared_ptr<TlsContext>> client_tls(const std::string& authority_file);

}  // namespace ciclo::http
