// SPDX-License-Identifier: Apache-2.0
// Address space is mapped in regions of one buffer size each and never unmapped: only pages cost memory.
#include "edge/base/buffer_pool.h"

#include <sys/mman.h>

#include "edge/base/check.h"

namespace base {
namespace {

constexpr std::size_t kBuffersOfRegion = 64;

/// The buffers of a fresh region; the last is to be taken first.
std::vector<char*> map_region(std::size_t buffer_bytes) {
  const std::size_t bytes = kBuffersOfRegion * buffer_bytes;
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(mapped != MAP_FAILED);
  ::madvise(mapped, bytes, MADV_NOHUGEPAGE);  // a huge page would make untouched buffers resident
  std::vector<char*> buffers;
  for (std::size_t i = kBuffersOfRegion; i-- > 0;)
    buffers.push_back(static_cast<char*>(mapped) + i * buffer_bytes);
  return buffers;
}

}  // namespace

BufferPool& BufferPool::instance() {
  static BufferPool& pool = *new BufferPool;
  return pool;
}

char* BufferPool::take(std::size_t bytes) {
  CHECK(bytes > 0 && bytes <= kBufferBytesMax);
  const std::scoped_lock lock(mutex_);
  Size& size = size_of(bytes);
  use_.live_bytes += rounded(bytes);
  if (!size.warm.empty()) {
    char* buffer = size.warm.back();
    size.warm.pop_back();
    use_.idle_bytes -= rounded(bytes);
    return buffer;
  }
  if (size.cold.empty()) size.cold = map_region(rounded(bytes));
  char* buffer = size.cold.back();
  size.cold.pop_back();
  return buffer;
}

void BufferPool::give(char* buffer, std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    use_.live_bytes -= rounded(bytes);
    if (use_.idle_bytes + rounded(bytes) <= kIdleBytesMax) {
      use_.idle_bytes += rounded(bytes);
      size_of(bytes).warm.push_back(buffer);
      return;
    }
  }
  ::madvise(buffer, rounded(bytes), MADV_DONTNEED);
  const std::scoped_lock lock(mutex_);
  size_of(bytes).cold.push_back(buffer);
}

BufferPool::Use BufferPool::use() const {
  const std::scoped_lock lock(mutex_);
  return use_;
}

}  // namespace base
