// SPDX-License-Identifier: Apache-2.0
#include "edge/base/chunk.h"

#include <gtest/gtest.h>

#include <string>

#include "edge/base/buffer_pool.h"

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

TEST(Chunk, LargeOnesGiveTheirMemoryBack) {
  const std::size_t live = BufferPool::instance().use().live_bytes;
  for (const std::size_t bytes : {std::size_t{20'000}, kChunkBytes}) {
    const ChunkRef chunk = Chunk::make(bytes);
    EXPECT_GE(BufferPool::instance().use().live_bytes, live + bytes);
    EXPECT_GE(chunk->footprint(), bytes);
    EXPECT_LT(chunk->footprint(), bytes + BufferPool::kPageBytes + 100);
  }
  EXPECT_EQ(BufferPool::instance().use().live_bytes, live);
}

}  // namespace
}  // namespace base
