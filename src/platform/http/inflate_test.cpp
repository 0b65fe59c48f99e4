#include "platform/http/inflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace ciclo::http {
namespace {

std::string deflated(std::string text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<unsigned char*>(text.data());
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Inflate, UndoesEachForm) {
  const std::string text(100'000, 'a');
  EXPECT_EQ(inflate(deflated(text, 15 + 16), "gzip", 200'000), text);
  EXPECT_EQ(inflate(deflated(text, 15 + 16), "X-GZIP", 200'000), text);
  EXPECT_EQ(inflate(deflated(text, 15), "deflate", 200'000), text);
  EXPECT_EQ(inflate(deflated(text, -15), "deflate", 200'000), text);
  EXPECT_EQ(inflate("plain", "identity", 0), "plain");
  EXPECT_EQ(inflate(deflated("", 15 + 16), "gzip", 0), "");
}

TEST(Inflate, ABombStopsAtTheLimit) {
  const std::string bomb = deflated(std::string(10'000'000, '\0'), 15 + 16);
  EXPECT_LT(bomb.size(), 20'000U);
  EXPECT_EQ(inflate(bomb, "gzip", 1'000'000).error().code, ErrorCode::too_large);
}

TEST(Inflate, RefusesWhatIsDamaged) {
  const std::string good = deflated("some text that is long enough", 15 + 16);
  EXPECT_EQ(inflate(good.substr(0, good.size() - 4), "gzip", 1000).error().code, ErrorCode::invalid);
  EXPECT_EQ(inflate(good + "more", "gzip", 1000).error().code, ErrorCode::invalid);
  EXPECT_EQ(inflate("not gzip", "gzip", 1000).error().code, ErrorCode::invalid);
  EXPECT_EQ(inflate("", "gzip", 1000).error().code, ErrorCode::invalid);
}

TEST(Inflate, KnowsWhatItCan) {
  EXPECT_TRUE(can_inflate(""));
  EXPECT_TRUE(can_inflate("gzip"));
  EXPECT_FALSE(can_inflate("br"));
  EXPECT_FALSE(can_inflate("gzip, gzip"));
}

}  // namespace
}  // namespace ciclo::http
