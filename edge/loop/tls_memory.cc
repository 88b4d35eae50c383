// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/tls_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace loop {
namespace {

/// Sizes of record buffers, whatever the options; all are allocated as the largest.
constexpr std::size_t kSmallest = 16 * 1024;
constexpr std::size_t kLargest = 20 * 1024;
/// What malloc may add to a block of the largest size.
constexpr std::size_t kSlack = 64;

/// Of one thread. Trivial, so that what OpenSSL frees when the thread ends still finds it.
struct Kept {
  std::array<void*, 4> blocks{};
  std::size_t count = 0;
  bool closed = false;
};
thread_local Kept kept;

struct Closing {
  ~Closing() {
    kept.closed = true;
    while (kept.count > 0) std::free(kept.blocks[--kept.count]);
  }
  void touch() const {}
};
thread_local const Closing closing;

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0) return nullptr;
  if (size < kSmallest || size > kLargest) return std::malloc(size);
  return kept.count > 0 ? kept.blocks[--kept.count] : std::malloc(kLargest);
}

void release(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  // Any block of that size will do, whoever has asked for it.
  const std::size_t size = ::malloc_usable_size(block);
  if (size < kLargest || size > kLargest + kSlack || kept.closed || kept.count == kept.blocks.size())
    return std::free(block);
  closing.touch();
  kept.blocks[kept.count++] = block;
}

void* reallocate(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return allocate(size, file, line);
  if (size != 0) return std::realloc(block, size);
  release(block, file, line);
  return nullptr;
}

}  // namespace

void keep_tls_buffers() {
#ifndef __SANITIZE_ADDRESS__  // which would not see who uses a buffer after its end
  CRYPTO_set_mem_functions(allocate, reallocate, release);
#endif
}

}  // namespace loop
