// SPDX-License-Identifier: Apache-2.0
#include "edge/base/chunk.h"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

TEST(Chunk, AppendStopsAtCapacity) {
  const ChunkRef chunk = Chunk::make(5);
  EXPECT_EQ(chunk->append("abc"), 3U);
  EXPECT_EQ(chunk->append("defg"), 2U);
  EXPECT_EQ(chunk->view(), "abcde");
  EXPECT_TRUE(chunk->room().empty());
}

TEST(Chunk, BytesLiveAsLongAsAnyReference) {
  Slice slice;
  {
    const ChunkRef chunk = Chunk::copy_of("kept");
    slice = {chunk, chunk->view().substr(1)};
  }
  EXPECT_EQ(slice.bytes, "ept");
}

TEST(Chunk, FullSizedBuffersAreReused) {
  const std::size_t live = chunk_pool_use().live_bytes;
  const char* first = nullptr;
  {
    const ChunkRef chunk = Chunk::make(kChunkBytes);
    first = chunk->data();
    EXPECT_EQ(chunk_pool_use().live_bytes, live + kChunkBytes);
  }
  EXPECT_EQ(chunk_pool_use().live_bytes, live);
  EXPECT_EQ(Chunk::make(kChunkBytes)->data(), first);
}

}  // namespace
}  // namespace base
