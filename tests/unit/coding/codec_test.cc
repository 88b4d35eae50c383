// SPDX-License-Identifier: Apache-2.0
#include "edge/coding/codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/decoding.h"

namespace coding {
namespace {

using policy::Coding;

std::string noise(std::size_t bytes) {
  std::mt19937_64 random(bytes);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string prose(std::size_t bytes) {
  std::mt19937_64 random(bytes);
  std::string out;
  while (out.size() < bytes) out += "word" + std::to_string(random() % 5000) + ' ';
  out.resize(bytes);
  return out;
}

/// The chunks that a body becomes, given in pieces of `piece` bytes.
std::vector<base::ChunkRef> encoded(Coding coding, int level, std::string_view body, std::size_t piece) {
  std::vector<base::ChunkRef> chunks;
  auto codec = make_codec(coding, level, body.size());
  EXPECT_TRUE(codec);
  Encoder encoder(std::move(*codec), [&](base::ChunkRef chunk) {
    chunks.push_back(std::move(chunk));
    return base::Status();
  });
  for (std::size_t at = 0; at < body.size(); at += piece) EXPECT_TRUE(encoder.write(body.substr(at, piece)));
  EXPECT_TRUE(encoder.finish());
  return chunks;
}

std::string joined(const std::vector<base::ChunkRef>& chunks) {
  std::string out;
  for (const base::ChunkRef& chunk : chunks) out += chunk->view();
  return out;
}

class CodecRfc9110_8_4_1 : public testing::TestWithParam<Coding> {
 protected:
  void expect_round_trip(const std::string& body, std::size_t piece, int level = 5) {
    const auto chunks = encoded(GetParam(), level, body, piece);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const bool full = chunks[i]->size() == base::kChunkBytes;
      EXPECT_TRUE(full || (i + 1 == chunks.size() && chunks[i]->size() > 0));
    }
    EXPECT_TRUE(support::decoded(policy::name_of(GetParam()), joined(chunks)) == body)
        << body.size() << " bytes in pieces of " << piece;
  }
};

TEST_P(CodecRfc9110_8_4_1, GivesBackEverySizeOfBody) {
  for (const std::size_t bytes :
       std::vector<std::size_t>{0, 1, 2, 1000, base::kChunkBytes - 1, base::kChunkBytes,
                                base::kChunkBytes + 1, 5 * base::kChunkBytes + 7}) {
    expect_round_trip(prose(bytes), base::kChunkBytes);
    expect_round_trip(noise(bytes), base::kChunkBytes);
  }
  expect_round_trip(prose(3'000), 1);
  expect_round_trip(std::string(2'000'000, 'a'), base::kChunkBytes);
}

TEST_P(CodecRfc9110_8_4_1, WhatCannotBeMadeSmallerBecomesSeveralChunks) {
  const std::string body = noise(10 * base::kChunkBytes);
  const auto chunks = encoded(GetParam(), 5, body, 1'000);
  EXPECT_GE(chunks.size(), 10U);
  EXPECT_GE(joined(chunks).size(), body.size());
}

TEST_P(CodecRfc9110_8_4_1, ProseBecomesSmallerAtEachLevel) {
  const std::string body = prose(200'000);
  const int highest = GetParam() == Coding::Gzip ? 9 : GetParam() == Coding::Br ? 11 : 19;
  for (const int level : {1, highest}) {
    expect_round_trip(body, base::kChunkBytes, level);
    EXPECT_LT(joined(encoded(GetParam(), level, body, base::kChunkBytes)).size(), body.size() / 2);
  }
}

TEST_P(CodecRfc9110_8_4_1, WhoTakesTheChunksCanEndIt) {
  auto codec = make_codec(GetParam(), 5, 10 * base::kChunkBytes);
  Encoder encoder(std::move(*codec),
                  [](base::ChunkRef) { return base::Status(base::fail(base::Errc::Limit, "full")); });
  const std::string body = noise(10 * base::kChunkBytes);
  base::Status status = encoder.write(body);
  if (status) status = encoder.finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, base::Errc::Limit);
}

INSTANTIATE_TEST_SUITE_P(All, CodecRfc9110_8_4_1, testing::ValuesIn(policy::kCodings),
                         [](const auto& made) { return policy::name_of(made.param); });

TEST(ZstdRfc9659, TheLargestLevelsWindowIsNoLargerThanClientsMustTake) {
  const std::string body = noise(20 << 20);
  auto codec = make_codec(Coding::Zstd, 19, body.size());
  std::string head;
  Encoder encoder(std::move(*codec), [&](base::ChunkRef chunk) {
    head = chunk->view();
    return base::Status(base::fail(base::Errc::Limit, "enough"));
  });
  EXPECT_FALSE(encoder.write(body));
  // RFC 8878 3.1.1.1.2: without Single_Segment_flag the window's descriptor follows.
  ASSERT_GT(head.size(), 6U);
  ASSERT_EQ(static_cast<unsigned char>(head[4]) & 0x20U, 0U);
  const unsigned descriptor = static_cast<unsigned char>(head[5]);
  const std::uint64_t base_bytes = std::uint64_t{1} << (10 + (descriptor >> 3U));
  EXPECT_LE(base_bytes + base_bytes / 8 * (descriptor & 7U), 8U << 20);
}

}  // namespace
}  // namespace coding
