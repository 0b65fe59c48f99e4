// TLS with certificates made here.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/ssl/stream.hpp>
#include <filesystem>
#include <thread>

#include "platform/http/asio.hpp"
#include "platform/http/test_support.hpp"
#include "platform/http/tls.hpp"

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
  std::atomic<int> failures_ = 0;

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
    test.settings.on_failure = [this](std::string_view) { ++failures_; };
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

TEST_F(Tls, NewFilesTakeEffectWhileItRuns) {
  start();
  const std::string old_authority = (folder_ / "old.pem").string();
  std::filesystem::copy_file(files("server").certificate_file, old_authority);
  ASSERT_TRUE(post(old_authority, "x"));
  // The certificate comes before its key: until then the old pair is in use.
  make_certificate(files("next"), "IP:127.0.0.1", -60, 3600);
  const auto soon = std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5);
  std::filesystem::rename(files("next").certificate_file, files("server").certificate_file);
  std::filesystem::last_write_time(files("server").certificate_file, soon);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));  // the files are looked at once a second
  EXPECT_TRUE(post(old_authority, "x"));
  EXPECT_TRUE(post(old_authority, "x"));
  EXPECT_EQ(failures_, 1) << "said once";
  std::filesystem::rename(files("next").key_file, files("server").key_file);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  EXPECT_TRUE(post(files("server").certificate_file, "x"));
  EXPECT_FALSE(post(old_authority, "x"));
  EXPECT_EQ(failures_, 1);
}

// The protocol that is agreed on when a client offers `offered` (in the wire form), or why there is none.
std::string negotiated(std::uint16_t port, std::string_view offered) {
  asio::io_context io;
  TlsContext context(TlsContext::tls_client);
  asio::ssl::stream<tcp::socket> stream(io, context);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
  std::vector<unsigned char> bytes(offered.begin(), offered.end());
  if (!bytes.empty())
    SSL_set_alpn_protos(stream.native_handle(), bytes.data(), static_cast<unsigned int>(bytes.size()));
  error_code failure;
  stream.handshake(asio::ssl::stream_base::client, failure);
  if (failure) return failure.message();
  const unsigned char* chosen = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(stream.native_handle(), &chosen, &size);
  return {chosen, chosen + size};
}

TEST_F(Tls, SpeaksHttp11ByAlpn) {
  start();
  EXPECT_EQ(negotiated(test.server->port(), ""), "");
  EXPECT_EQ(negotiated(test.server->port(), "\x02h2\x08http/1.1"), "http/1.1");
  EXPECT_NE(negotiated(test.server->port(), "\x02h2").find("no application protocol"), std::string::npos);
}

TEST_F(Tls, BrowsersAreToldToStayWithIt) {
  start();
  Client client({.certificate_authority_file = files("server").certificate_file});
  const auto response = client.send({.url = test.url("/stream")});
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->headers.find("strict-transport-security"), "max-age=31536000");
}

}  // namespace
}  // namespace ciclo::http
