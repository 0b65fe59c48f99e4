// The persisted forms, byte for byte. The expected values were computed apart from this code, from the definitions
// (BLAKE2b of RFC 7693, libsodium's crypto_kdf, SipHash-2-4): rows that are stored must be verified for ever.
#include <gtest/gtest.h>

#include "administration/audit/chain.hpp"
#include "administration/audit/journal_records.hpp"
#include "base/clock.hpp"

namespace ciclo::administration {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

AuditKey fixed_key() {
  return *AuditKey::from_bytes(std::string(AuditKey::size, 'k'));
}

const StoredAuditRow fixed_row = {.sequence = 1,
                                  .time_ms = 1'700'000'000'123,
                                  .principal = "maria",
                                  .token_id = "t1",
                                  .action = "storage/read",
                                  .operation = "GET",
                                  .workspace = "dev",
                                  .target = "/a",
                                  .allowed = 1,
                                  .rule = "reader",
                                  .request_id = "r1"};

TEST(AuditFormat, BytesOfARow) {
  EXPECT_EQ(
      hex(encode_row(fixed_row)),
      "01000000000000007b68e5cf8b010000050000006d617269610200000074310c00000073746f726167652f7265616403000000474554"
      "03000000646576020000002f61010000000000000006000000726561646572020000007231020000007b7d");
}

TEST(AuditFormat, HashOfARowAndCodeOfAHead) {
  const FakeClock clock;
  const AuditChain chain(fixed_key(), clock);
  const std::string hash = chain.hash_of(AuditHead().hash, fixed_row);
  EXPECT_EQ(hash, "c07768b6d547f36c1ed0ccc5d4ee0ed95281dd18dd65fa737e1d48f6f4ed7110");
  EXPECT_EQ(chain.key().code(AuditPurpose::head, bytes_of({1, hash})),
            "e9b8264ecbb64f7f189b044b09d5952c4c23331fab86290e58e7a22ce7e59a06");
}

TEST(AuditFormat, HeaderAndRecordOfTheJournal) {
  const JournalFile file{"journal-identity", 7};
  EXPECT_EQ(hex(journal_header(file)), "4349434c4f414a316a6f75726e616c2d6964656e746974790700000000000000");
  EXPECT_EQ(hex(journal_record(fixed_key().journal_key(), file, journal_header_size, "abc")),
            "03000000d403548d8ab6553a616263");
}

}  // namespace
}  // namespace ciclo::administration
