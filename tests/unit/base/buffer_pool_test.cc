// SPDX-License-Identifier: Apache-2.0
#include "edge/base/buffer_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <set>

namespace base {
namespace {

constexpr std::size_t kPage = BufferPool::kPageBytes;

std::size_t resident_pages(char* buffer, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / kPage);
  EXPECT_EQ(::mincore(buffer, bytes, pages.data()), 0);
  std::size_t count = 0;
  for (const unsigned char page : pages) count += page & 1U;
  return count;
}

TEST(BufferPool, BuffersAreApartAndReusedWarm) {
  BufferPool pool;
  std::set<char*> buffers;
  for (int i = 0; i < 200; ++i) {
    char* buffer = pool.take(3 * kPage);
    std::memset(buffer, i, 3 * kPage);
    buffers.insert(buffer);
  }
  EXPECT_EQ(buffers.size(), 200U);
  char* last = nullptr;
  for (char* buffer : buffers) {
    if (last != nullptr) {
      EXPECT_GE(buffer - last, static_cast<std::ptrdiff_t>(3 * kPage));
    }
    last = buffer;
  }
  EXPECT_EQ(pool.use().live_bytes, 200 * 3 * kPage);
  pool.give(last, 3 * kPage);
  EXPECT_EQ(pool.use().idle_bytes, 3 * kPage);
  EXPECT_EQ(pool.take(2 * kPage + 1), last);  // as large in whole pages
  EXPECT_EQ(pool.use().idle_bytes, 0U);
}

TEST(BufferPool, WhatIsIdleIsBounded) {
  BufferPool pool;
  constexpr std::size_t kBytes = BufferPool::kBufferBytesMax;
  constexpr std::size_t kIdle = BufferPool::kIdleBytesMax / kBytes;
  std::vector<char*> buffers;
  for (std::size_t i = 0; i < 2 * kIdle; ++i) {
    buffers.push_back(pool.take(kBytes));
    std::memset(buffers.back(), 1, kBytes);
  }
  for (char* buffer : buffers) pool.give(buffer, kBytes);
  EXPECT_EQ(pool.use().live_bytes, 0U);
  EXPECT_EQ(pool.use().idle_bytes, BufferPool::kIdleBytesMax);
  std::size_t resident = 0;
  for (char* buffer : buffers) resident += resident_pages(buffer, kBytes);
  EXPECT_EQ(resident * kPage, BufferPool::kIdleBytesMax);
  // And all can be used again.
  for (std::size_t i = 0; i < 2 * kIdle; ++i) std::memset(pool.take(kBytes), 2, kBytes);
}

}  // namespace
}  // namespace base
