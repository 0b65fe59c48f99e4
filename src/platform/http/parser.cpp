#include "platform/http/parser.hpp"

#include <boost/beast/http/error.hpp>

#include "base/text.hpp"

namespace ciclo::http {

using beast_http::field;

RequestParser::RequestParser(Request& request, std::size_t max_header_bytes)
    : request_(&request), header_limit_(max_header_bytes) {
  header_limit(static_cast<std::uint32_t>(max_header_bytes));
  body_limit(boost::none);  // ours counts what arrives, against the route's limit
}

void RequestParser::set_body(std::string& into, std::size_t limit) {
  body_ = &into;
  body_limit_ = limit;
  eager(true);
}

void RequestParser::refuse(int status, std::string message, ec_type& failure) {
  refused_status_ = status;
  refused_message_ = std::move(message);
  failure = beast_http::error::bad_field;
}

void RequestParser::on_request_impl(beast_http::verb, text_type method, text_type target, int version,
                                    ec_type& failure) {
  version_ = version;
  has_start_line_ = true;
  const auto known = method_named({method.data(), method.size()});
  knows_method_ = known.has_value();
  if (known) request_->method = *known;
  if (target.size() > max_target_bytes) return refuse(414, "the address is longer than 8192 bytes", failure);
  request_->target.assign(target.data(), target.size());
}

void RequestParser::on_field_impl(field name_code, text_type name, text_type value, ec_type& failure) {
  if (in_trailer_) return;  // trailers are read past: nothing decided may change after the head
  switch (name_code) {
    case field::host:
      if (++hosts_ > 1) return refuse(400, "there is more than one host header", failure);
      break;
    case field::content_length:
      if (++lengths_ > 1 || value.find(',') != text_type::npos)
        return refuse(400, "there is more than one content-length", failure);
      break;
    case field::transfer_encoding:
      if (++encodings_ > 1 || !iequals({value.data(), value.size()}, "chunked"))
        return refuse(400, "the transfer-encoding is not offered; only 'chunked' is", failure);
      break;
    case field::expect:
      if (!iequals({value.data(), value.size()}, "100-continue"))
        return refuse(417, "only '100-continue' can be expected", failure);
      expects_continue_ = true;
      break;
    default: break;
  }
  if (request_->headers.fields().size() == max_fields)
    return refuse(431, "there are more than 256 header fields", failure);
  request_->headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
}

void RequestParser::on_header_impl(ec_type& failure) {
  in_trailer_ = true;
  if (lengths_ > 0 && encodings_ > 0)
    return refuse(400, "a request has either content-length or transfer-encoding, not both", failure);
  if (encodings_ > 0 && version_ < 11) return refuse(400, "transfer-encoding needs HTTP/1.1", failure);
  if (hosts_ == 0 && version_ >= 11) return refuse(400, "the host header is missing", failure);
}

std::size_t RequestParser::on_body_impl(text_type body, ec_type& failure) {
  if (body.size() > body_limit_ - body_bytes_) {
    failure = beast_http::error::body_limit;
    return 0;
  }
  body_bytes_ += body.size();
  body_->append(body.data(), body.size());
  return body.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t size, text_type, ec_type& failure) {
  if (size > body_limit_ - body_bytes_) failure = beast_http::error::body_limit;
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, text_type body, ec_type& failure) {
  return on_body_impl(body, failure);
}

Refusal RequestParser::refusal(const boost::system::error_code& failure) const {
  const auto refused = [](int status, ErrorCode code, std::string message) {
    return Refusal{.status = status,
                   .error = {.code = code, .message = std::move(message), .target = {}, .hint = {}, .details = {}}};
  };
  if (refused_status_ != 0) return refused(refused_status_, ErrorCode::invalid, refused_message_);
  if (failure == beast_http::error::body_limit)
    return refused(413, ErrorCode::too_large, "the body is larger than " + std::to_string(body_limit_) + " bytes");
  if (failure == beast_http::error::header_limit) {
    if (!has_start_line_) return refused(414, ErrorCode::invalid, "the address is too long");
    return refused(431, ErrorCode::invalid, "the header is larger than " + std::to_string(header_limit_) + " bytes");
  }
  if (failure == beast_http::error::bad_version)
    return refused(400, ErrorCode::invalid, "only HTTP/1.0 and HTTP/1.1 are spoken");
  return refused(400, ErrorCode::invalid, "this is no well-formed HTTP request: " + failure.message());
}

ResponseParser::ResponseParser(int& status, Headers& headers, BodySink sink)
    : status_(&status), headers_(&headers), sink_(std::move(sink)) {
  header_limit(256U << 10U);
  body_limit(boost::none);
  eager(true);
}

void ResponseParser::on_response_impl(int code, text_type, int, ec_type&) {
  *status_ = code;
}

void ResponseParser::on_field_impl(field, text_type name, text_type value, ec_type&) {
  if (in_trailer_) return;
  headers_->add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
}

std::size_t ResponseParser::on_body_impl(text_type body, ec_type& failure) {
  if (auto taken = sink_({body.data(), body.size()}); !taken) {
    sink_error_ = std::move(taken).error();
    failure = beast_http::error::end_of_stream;  // any: the caller looks at sink_error()
    return 0;
  }
  return body.size();
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, text_type body, ec_type& failure) {
  return on_body_impl(body, failure);
}

}  // namespace ciclo::http
