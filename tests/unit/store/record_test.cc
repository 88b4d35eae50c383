// SPDX-License-Identifier: Apache-2.0
#include "store/disk/record.h"

#include <gtest/gtest.h>

#include "tests/support/disk_client.h"

namespace store::record {
namespace {

std::string head_of(const Object& object) {
  std::string bytes(head_bytes(object), '\0');
  write_head(object, bytes.data());
  return bytes;
}

TEST(Record, NamesSortByIdAndThenIndex) {
  EXPECT_LT(view(name_of(1, 0xffffffff)), view(name_of(2, 0)));
  EXPECT_LT(view(name_of(255, 1)), view(name_of(256, 0)));
  EXPECT_LT(view(name_of(7, 255)), view(name_of(7, 256)));
  EXPECT_EQ(id_of(view(name_of(7, 9))), 7U);
  EXPECT_EQ(id_of("short"), std::nullopt);
}

TEST(Record, IndexEntriesComeBackAsTheyWere) {
  const auto value = decode_index(view(encode(IndexValue{5, 1'000'000, true})));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->id, 5U);
  EXPECT_EQ(value->body_bytes, 1'000'000U);
  EXPECT_TRUE(value->multi);
  EXPECT_FALSE(decode_index("short"));
  const Key key{1, 2};
  EXPECT_EQ(decode_key(view(encode(key))), key);
}

TEST(Record, HeadComesBackAsItWas) {
  const auto object = support::make_object("/a", 7, "body");
  const auto back = read_head(head_of(*object), 7);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ((*back)->key, object->key);
  EXPECT_EQ((*back)->key_text, "/a");
  EXPECT_EQ((*back)->id, 7U);
  EXPECT_EQ((*back)->meta, object->meta);
  EXPECT_EQ((*back)->body_bytes, 4U);
  EXPECT_EQ((*back)->body->view(), "body");
}

TEST(Record, HeadOfEmptyAndOfLargeBodies) {
  const auto empty = read_head(head_of(*support::make_object("/a", 7, "")), 7);
  ASSERT_TRUE(empty);
  EXPECT_TRUE((*empty)->single());
  EXPECT_EQ((*empty)->body_bytes, 0U);
  const auto large = read_head(head_of(*support::make_object("/a", 7, std::string(100'000, 'x'))), 7);
  ASSERT_TRUE(large);
  EXPECT_FALSE((*large)->single());
  EXPECT_EQ((*large)->body_bytes, 100'000U);
}

TEST(Record, AnyFlippedByteOfAHeadIsFound) {
  const std::string good = head_of(*support::make_object("/a", 7, "body"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    const auto read = read_head(bad, 7);
    ASSERT_FALSE(read) << "byte " << at;
    EXPECT_EQ(read.error().code, base::Errc::Corrupt);
  }
}

TEST(Record, HeadCutAnywhereIsFound) {
  const std::string good = head_of(*support::make_object("/a", 7, "body"));
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes)
    ASSERT_FALSE(read_head(good.substr(0, bytes), 7)) << bytes;
}

TEST(Record, RecordInAnothersPlaceIsFound) {
  const std::string bytes = head_of(*support::make_object("/a", 7, "body"));
  EXPECT_FALSE(read_head(bytes, 8));
  std::string chunk(chunk_bytes(3), '\0');
  write_chunk(7, 1, "abc", chunk.data());
  const std::string_view header = std::string_view(chunk).substr(0, kHeaderBytes);
  const std::string_view payload = std::string_view(chunk).substr(kHeaderBytes);
  EXPECT_TRUE(check_chunk(7, 1, header, payload));
  EXPECT_FALSE(check_chunk(7, 2, header, payload));
  EXPECT_FALSE(check_chunk(8, 1, header, payload));
  EXPECT_FALSE(check_chunk(7, 1, header, "abd"));
}

TEST(Record, FullChunkFillsSixteenPages) {
  constexpr std::size_t kPageHeader = 16;
  EXPECT_EQ(chunk_bytes(base::kChunkBytes) + kPageHeader, 16U * 4096);
}

}  // namespace
}  // namespace store::record
