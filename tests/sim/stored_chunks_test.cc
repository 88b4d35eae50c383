// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "edge/base/buffer_pool.h"
#include "edge/base/chunk.h"
#include "edge/node/bytes.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/fills.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_origin.h"
#include "tests/support/manual_executor.h"

namespace sim {
namespace {

constexpr std::uint32_t kChunks = 100;
constexpr store::ObjectId kObject = 1;

/// A stored object on disk and a memory tier that is too small for it.
class StoredChunksTest : public testing::Test {
 protected:
  StoredChunksTest() {
    for (std::uint32_t i = 0; i < kChunks; ++i) {
      platter_.chunks[{kObject, i}] = std::string(base::kChunkBytes, static_cast<char>('a' + i % 26));
    }
  }

  /// The first byte of chunk `index`, however long it takes to come; 0 if it does not come.
  char read(node::StoredChunks& chunks, std::uint32_t index) {
    base::Slice slice;
    while (chunks.read(std::uint64_t{index} * base::kChunkBytes, 1, slice) == http::Pull::Later) {
      if (!executor_.run_one()) return 0;
    }
    executor_.run_all();  // what is read ahead comes, too
    return slice.bytes.empty() ? '\0' : slice.bytes.front();
  }

  support::ManualClock clock_{};
  support::ManualExecutor executor_{clock_};
  base::Random random_{1};
  Platter platter_{};
  SimOrigin origin_{};
  SimClient client_{origin_, executor_, random_};
  SimDisk disk_{platter_, random_, &node::decode_object, {}};
  store::Admission admission_{disk_, {}};
  store::MemoryTier memory_{{.budget_bytes = 1 << 20}};
  std::atomic<std::uint64_t> fill_bytes_{0};
  fetch::FetchTable fetches_{};
  fetch::PassMarks marks_{100};
  node::VariantLists variants_{100};
  fetch::PassMarks pauses_{100};
  purge::Ledger ledger_{[](std::string_view, std::string_view url) { return std::string(url); }};
  node::GroupClock groups_{base::Wall::min()};
  node::Shared shared_{.memory = memory_,
                       .disk = disk_,
                       .admission = admission_,
                       .fetches = fetches_,
                       .pass_marks = marks_,
                       .variants = variants_,
                       .retry_pauses = pauses_,
                       .ledger = ledger_,
                       .groups = groups_,
                       .fill_bytes = fill_bytes_};
  node::LoopCounters counters_{};
  node::Context context_{shared_, executor_, client_, fills_, counters_, std::make_shared<node::Config>()};
  node::Fills fills_{context_};
};

TEST_F(StoredChunksTest, HoldsTwoChunksWhateverTheOrder) {
  const auto live = [] { return base::BufferPool::instance().use().live_bytes; };
  const std::size_t before = live();
  // What the tier may hold, two chunks that the reader holds, and one that is just coming.
  const std::size_t allowed = before + (1 << 20) + 3 * base::BufferPool::kBufferBytesMax;
  for (const bool backwards : {false, true}) {
    node::StoredChunks chunks(context_, store::Key{}, kObject, [] {});
    chunks.set_end(kChunks);
    for (std::uint32_t i = 0; i < kChunks; i += 2) {
      const std::uint32_t index = backwards ? kChunks - 2 - i : i;
      ASSERT_EQ(read(chunks, index), static_cast<char>('a' + index % 26));
      ASSERT_LE(live(), allowed) << "at chunk " << index;
    }
  }
}

TEST_F(StoredChunksTest, WhatOneReaderReadsOnceIsNoUseOfIt) {
  constexpr store::ObjectId kHot = 2;
  base::ChunkRef chunk = base::Chunk::make(base::kChunkBytes);
  chunk->grow(base::kChunkBytes);
  memory_.insert_chunk(kHot, 0, std::move(chunk));
  ASSERT_TRUE(memory_.find_chunk(kHot, 0));
  node::StoredChunks chunks(context_, store::Key{}, kObject, [] {});
  chunks.set_end(kChunks);
  for (std::uint32_t i = 0; i < kChunks; ++i) ASSERT_NE(read(chunks, i), 0);
  EXPECT_TRUE(memory_.peek_chunk(kHot, 0));
}

}  // namespace
}  // namespace sim
