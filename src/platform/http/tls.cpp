#include "platform/http/tls.hpp"

#include <openssl/ssl.h>

namespace ciclo::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Result<std::shared_ptr<TlsContext>> new_context(TlsContext::method method) {
  auto context = std::make_shared<TlsContext>(method);
  if (SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1)
    return fail(ErrorCode::internal, "OpenSSL does not offer TLS 1.2");
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
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
  return context;
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
