// Internal to this folder: requests and responses parsed by Beast's sans-I/O parser straight into our own messages.
//
// Feed bytes with put(); the parser stops after the head, so that the body's limit can be set from the route; then
// set_body() and put() again. Beast checks the grammar; the checks against request smuggling that it leaves open are
// here: exactly one Content-Length, Transfer-Encoding only as "chunked" and never beside Content-Length, one Host.
//
// Thread safety: one thread at a time.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"

namespace ciclo::http {

namespace beast_http = boost::beast::http;

// Takes a body's pieces; an Error stops the parser.
using BodySink = std::function<Result<void>(std::string_view)>;

// Why a request cannot be served, in HTTP's terms.
struct Refusal {
  int status = 0;
  Error error;
};

class RequestParser final : public beast_http::basic_parser<true> {
 public:
  static constexpr std::size_t max_target_bytes = 8192;
  static constexpr std::size_t max_fields = 256;

  RequestParser(Request& request, std::size_t max_header_bytes);

  // Where the body goes from now on, and how long it may get in all.
  void set_body(std::string& into, std::size_t limit);
  bool takes_body() const { return body_ != nullptr; }
  // False for a method that Request cannot express (CONNECT, TRACE, invented ones).
  bool knows_method() const { return knows_method_; }
  bool is_http_1_0() const { return version_ < 11; }
  bool expects_continue() const { return expects_continue_; }
  std::size_t body_bytes() const { return body_bytes_; }
  // What to answer after put() failed with `failure`.
  Refusal refusal(const boost::system::error_code& failure) const;

 private:
  using ec_type = boost::beast::error_code;
  using text_type = boost::beast::string_view;
  void on_request_impl(beast_http::verb, text_type method, text_type target, int version, ec_type& failure) override;
  void on_response_impl(int, text_type, int, ec_type&) override {}
  void on_field_impl(beast_http::field field, text_type name, text_type value, ec_type& failure) override;
  void on_header_impl(ec_type& failure) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ec_type&) override {}
  std::size_t on_body_impl(text_type body, ec_type& failure) override;
  void on_chunk_header_impl(std::uint64_t size, text_type, ec_type& failure) override;
  std::size_t on_chunk_body_impl(std::uint64_t, text_type body, ec_type& failure) override;
  void on_finish_impl(ec_type&) override {}
  void refuse(int status, std::string message, ec_type& failure);

  Request* request_;
  std::string* body_ = nullptr;
  std::size_t body_limit_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t header_limit_;
  int version_ = 11;
  int hosts_ = 0;
  int lengths_ = 0;
  int encodings_ = 0;
  bool knows_method_ = false;
  bool expects_continue_ = false;
  bool in_trailer_ = false;
  bool has_start_line_ = false;
  int refused_status_ = 0;
  std::string refused_message_;
};

class ResponseParser final : public beast_http::basic_parser<false> {
 public:
  ResponseParser(int& status, Headers& headers, BodySink sink);
  const Error& sink_error() const { return sink_error_; }

 private:
  using ec_type = boost::beast::error_code;
  using text_type = boost::beast::string_view;
  void on_request_impl(beast_http::verb, text_type, text_type, int, ec_type&) override {}
  void on_response_impl(int code, text_type reason, int version, ec_type&) override;
  void on_field_impl(beast_http::field, text_type name, text_type value, ec_type&) override;
  void on_header_impl(ec_type&) override { in_trailer_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ec_type&) override {}
  std::size_t on_body_impl(text_type body, ec_type& failure) override;
  void on_chunk_header_impl(std::uint64_t, text_type, ec_type&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text_type body, ec_type& failure) override;
  void on_finish_impl(ec_type&) override {}

  int* status_;
  Headers* headers_;
  BodySink sink_;
  Error sink_error_;
  bool in_trailer_ = false;
};

}  // namespace ciclo::http
