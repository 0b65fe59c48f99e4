#include "platform/http/inflate.hpp"

#include <zlib.h>

#include <array>
#include <memory>

#include "base/text.hpp"

namespace ciclo::http {
namespace {

constexpr int either_wrapping = 15 + 32;  // zlib's windowBits: finds out between gzip and zlib by itself
constexpr int no_wrapping = -15;

struct End {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

Failure bad_data() {
  return fail(ErrorCode::invalid, "the body is not what its content-encoding says, or is cut short");
}

Result<std::string> inflate_with(std::string_view bytes, int window_bits, std::size_t limit) {
  auto owned = std::make_unique<z_stream>();
  if (inflateInit2(owned.get(), window_bits) != Z_OK) return fail(ErrorCode::internal, "zlib cannot be started");
  const std::unique_ptr<z_stream, End> stream(owned.release());
  std::string out;
  std::array<unsigned char, 16U << 10U> piece;
  std::string input(bytes);  // zlib's interface wants writable input
  stream->next_in = reinterpret_cast<unsigned char*>(input.data());
  stream->avail_in = static_cast<unsigned>(input.size());
  while (true) {
    stream->next_out = piece.data();
    stream->avail_out = static_cast<unsigned>(piece.size());
    const int status = ::inflate(stream.get(), Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return bad_data();
    const std::size_t size = piece.size() - stream->avail_out;
    if (size > limit - out.size())
      return fail(ErrorCode::too_large, "the body is larger than " + std::to_string(limit) + " bytes once inflated");
    out.append(reinterpret_cast<const char*>(piece.data()), size);
    if (status == Z_STREAM_END) break;
    if (size == 0 && stream->avail_in == 0) return bad_data();
  }
  if (stream->avail_in > 0) return bad_data();
  return out;
}

}  // namespace

bool is_identity(std::string_view encoding) {
  return encoding.empty() || iequals(encoding, "identity");
}

bool can_inflate(std::string_view encoding) {
  return is_identity(encoding) || iequals(encoding, "gzip") || iequals(encoding, "x-gzip") ||
         iequals(encoding, "deflate");
}

Result<std::string> inflate(std::string_view bytes, std::string_view encoding, std::size_t limit) {
  if (is_identity(encoding)) return std::string(bytes);
  auto out = inflate_with(bytes, either_wrapping, limit);
  // Some clients send "deflate" without the zlib wrapping that it means.
  if (!out && out.error().code == ErrorCode::invalid && iequals(encoding, "deflate"))
    return inflate_with(bytes, no_wrapping, limit);
  return out;
}

}  // namespace ciclo::http
