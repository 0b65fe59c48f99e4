#include "platform/http/tls.hpp"

#include <openssl/ssl.h>

#include <cstring>

namespace ciclo::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr const char* ciphers_of_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::chrono::seconds look_pause{1};

Result<std::shared_ptr<TlsContext>> new_context(TlsContext::method method) {
  auto context = std::make_shared<TlsContext>(method);
  if (SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1)
    return fail(ErrorCode::internal, "OpenSSL does not offer TLS 1.2");
  if (SSL_CTX_set_cipher_list(context->native_handle(), ciphers_of_1_2) != 1)
    return fail(ErrorCode::internal, "OpenSSL does not offer the ciphers for TLS 1.2");
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

constexpr unsigned char protocol[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// A client that names protocols but not ours is told so, instead of failing later (RFC 7301, 3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    if (at + sizeof(protocol) > offered_size || std::memcmp(offered + at, protocol, sizeof(protocol)) != 0) continue;
    *chosen = offered + at + 1;
    *size = protocol[0];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Failure unusable(const std::string& what, const std::string& file, const error_code& failure) {
  return fail(ErrorCode::invalid, "cannot use the " + what + " " + file + ": " + failure.message(), file,
              "give a readable PEM file");
}

}  // namespace

Result<std::shared_ptr<TlsContext>> server_tls(const TlsSettings& settings) {
  CICLO_TRY(auto context, new_context(TlsContext::tls_server));
  error_code failure;
  context->use_certificate_chain_file(settings.certificate_file, failure);
  if (failure) return unusable("certificate", settings.certificate_file, failure);
  context->use_private_key_file(settings.key_file, ssl::context::pem, failure);
  if (failure) return unusable("key", settings.key_file, failure);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return fail(ErrorCode::invalid,
                "the key " + settings.key_file + " does not belong to the certificate " + settings.certificate_file,
                settings.key_file);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  return context;
}

Result<std::unique_ptr<ServerTls>> ServerTls::open(TlsSettings settings, Report report) {
  std::unique_ptr<ServerTls> tls(new ServerTls(std::move(settings), std::move(report)));
  tls->seen_ = tls->stamp();
  CICLO_TRY(tls->context_, server_tls(tls->settings_));
  tls->next_look_ = std::chrono::steady_clock::now() + look_pause;
  return tls;
}

ServerTls::Stamp ServerTls::stamp() const {
  std::error_code missing;  // gives the smallest time
  return {std::filesystem::last_write_time(settings_.certificate_file, missing),
          std::filesystem::last_write_time(settings_.key_file, missing)};
}

std::shared_ptr<TlsContext> ServerTls::current() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return context_;
  next_look_ = now + look_pause;
  const Stamp found = stamp();
  if (found == seen_) return context_;
  auto renewed = server_tls(settings_);
  if (renewed) {
    context_ = *std::move(renewed);
    seen_ = found;
    told_.clear();
  } else if (renewed.error().message != told_) {
    told_ = renewed.error().message;
    report_("the new TLS certificate is not used: " + renewed.error().text());
  }
  return context_;
}

Result<std::shared_ptr<TlsContext>> client_tls(const std::string& authority_file) {
  CICLO_TRY(auto context, new_context(TlsContext::tls_client));
  error_code failure;
  if (authority_file.empty()) {
    context->set_default_verify_paths(failure);
  } else {
    context->load_verify_file(authority_file, failure);
  }
  if (failure)
    return unusable("certificate authority", authority_file.empty() ? "of the system" : authority_file, failure);
  context->set_verify_mode(ssl::verify_peer);
  return context;
}

}  // namespace ciclo::http
