// SPDX-License-Identifier: Apache-2.0
// A program of its own: what is tested must come before anything else of OpenSSL.
#include "edge/loop/tls_memory.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace loop {
namespace {

constexpr std::size_t kBuffer = 17 * 1024;

class TlsMemory : public testing::Test {
 protected:
  static void SetUpTestSuite() { keep_tls_buffers(); }
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer's own allocator is in force";
#endif
  }
};

TEST_F(TlsMemory, ABufferThatWasFreedIsTheNext) {
  void* const first = OPENSSL_malloc(kBuffer);
  OPENSSL_free(first);
  void* const next = OPENSSL_malloc(kBuffer + 1000);
  EXPECT_EQ(next, first);
  std::memset(next, 1, kBuffer + 1000);
  OPENSSL_free(next);
}

TEST_F(TlsMemory, BuffersInUseAreDistinct) {
  for (int round = 0; round < 2; ++round) {
    std::set<void*> blocks;
    for (int i = 0; i < 20; ++i) {
      void* const block = OPENSSL_malloc(kBuffer);
      std::memset(block, i, kBuffer);
      EXPECT_TRUE(blocks.insert(block).second);
    }
    for (void* block : blocks) OPENSSL_free(block);
  }
}

TEST_F(TlsMemory, AllOtherSizesAndNothing) {
  EXPECT_EQ(OPENSSL_malloc(0), nullptr);
  OPENSSL_free(nullptr);
  for (const std::size_t size : {1UL, 16UL * 1024 - 1, 20UL * 1024 + 1, 1UL << 20}) {
    void* const block = OPENSSL_malloc(size);
    std::memset(block, 1, size);
    OPENSSL_free(block);
  }
}

TEST_F(TlsMemory, ABufferThatGrowsKeepsItsBytes) {
  char* block = static_cast<char*>(OPENSSL_realloc(nullptr, kBuffer));
  std::memset(block, 7, kBuffer);
  block = static_cast<char*>(OPENSSL_realloc(block, 100'000));
  EXPECT_EQ(block[0], 7);
  EXPECT_EQ(block[kBuffer - 1], 7);
  EXPECT_EQ(OPENSSL_realloc(block, 0), nullptr);
}

TEST_F(TlsMemory, AnotherThreadMayFreeAndEnd) {
  for (int i = 0; i < 10; ++i) {
    void* const block = OPENSSL_malloc(kBuffer);
    std::thread([block] {
      void* const own = OPENSSL_malloc(kBuffer);
      OPENSSL_free(block);
      OPENSSL_free(own);
    }).join();
  }
}

}  // namespace
}  // namespace loop
