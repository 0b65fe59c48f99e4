// TLS with certificates made here.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>

#include "platform/http/test_support.hpp"

namespace ciclo::http {
namespace {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using File = std::unique_ptr<FILE, Freeing<fclose>>;

// A certificate that signs itself, for `names` ("IP:127.0.0.1"), valid from `from` to `to` seconds from now.
void make_certificate(const TlsSettings& files, const char* names, long from, long to) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_set_version(certificate.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const unsigned char common_name[] = "ciclo test";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names);
  X509_add_ext(certificate.get(), extension, -1);
  X509_EXTENSION_free(extension);
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const File certificate_file(fopen(files.certificate_file.c_str(), "w"));
  const File key_file(fopen(files.key_file.c_str(), "w"));
  ASSERT_EQ(PEM_write_X509(certificate_file.get(), certificate.get()), 1);
  ASSERT_EQ(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
}

class Tls : public testing::Test {
 protected:
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("ciclo_tls_" + std::to_string(getpid()));
  TestServer test;

  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override {
    test.server.reset();
    std::filesystem::remove_all(folder_);
  }
  TlsSettings files(const std::string& name) const {
    return {.certificate_file = (folder_ / (name + ".pem")).string(), .key_file = (folder_ / (name + ".key")).string()};
  }
  void start(const char* names = "IP:127.0.0.1", long from = -60, long to = 3600) {
    test.settings.tls = files("server");
    make_certificate(*test.settings.tls, names, from, to);
    test.add({.method = Method::post,
              .pattern = "/echo",
              .access = Access::open,
              .body_limit = 10U << 20U,
              .handler = [](Request& request) -> Result<Response> { return Response::text(request.body); }});
    test.add_open(Method::get, "/stream", [](Request&) -> Result<Response> {
      Response response;
      response.stream = [left = 30]() mutable -> Result<std::string> {
        return left-- > 0 ? std::string(100'000, 's') : std::string();
      };
      return response;
    });
    test.start();
  }
  Result<ClientResponse> post(const std::string& authority, std::string body) {
    Client client({.certificate_authority_file = authority});
    return client.send({.method = Method::post, .url = test.url("/echo"), .body = std::move(body)});
  }
};

TEST_F(Tls, ServesThoseWhoTrustIt) {
  start();
  Client client({.certificate_authority_file = files("server").certificate_file});
  for (const std::size_t size : {5U, 5'000'000U, 0U}) {
    const auto response =
        client.send({.method = Method::post, .url = test.url("/echo"), .body = std::string(size, 'x')});
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(response->body, std::string(size, 'x'));
  }
  const auto streamed = client.send({.url = test.url("/stream")});
  ASSERT_TRUE(streamed) << streamed.error().text();
  EXPECT_EQ(streamed->body.size(), 3'000'000U);
}

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
  start();
  const auto unknown = post("", "x");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::unavailable);
  EXPECT_NE(unknown.error().message.find("cannot reach https://127.0.0.1"), std::string::npos);
  EXPECT_NE(unknown.error().hint.find("certificate"), std::string::npos);
  make_certificate(files("other"), "IP:127.0.0.1", -60, 3600);
  EXPECT_FALSE(post(files("other").certificate_file, "x"));
}

TEST_F(Tls, AnExpiredCertificateIsRefused) {
  start("IP:127.0.0.1", -7200, -3600);
  EXPECT_FALSE(post(files("server").certificate_file, "x"));
}

TEST_F(Tls, ACertificateOfAnotherNameIsRefused) {
  start("DNS:elsewhere.example");
  EXPECT_FALSE(post(files("server").certificate_file, "x"));
}

TEST_F(Tls, PlainTextToATlsPortIsClosed) {
  start();
  EXPECT_EQ(test.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").find("HTTP/1.1"), std::string::npos);
  EXPECT_TRUE(post(files("server").certificate_file, "x")) << "and others are served";
}

TEST_F(Tls, AKeyThatDoesNotBelongToTheCertificateIsNamed) {
  make_certificate(files("a"), "IP:127.0.0.1", -60, 3600);
  make_certificate(files("b"), "IP:127.0.0.1", -60, 3600);
  Router router;
  Server server(router, nullptr,
                {.tls = TlsSettings{.certificate_file = files("a").certificate_file, .key_file = files("b").key_file}});
  const auto started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::invalid);
  EXPECT_NE(started.error().message.find("b.key"), std::string::npos);
}

TEST_F(Tls, AnAuthorityFileThatIsMissingIsNamed) {
  start();
  const auto response = post("/no/such/authority.pem", "x");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace ciclo::http
