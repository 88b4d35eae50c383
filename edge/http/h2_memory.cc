// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace http {
namespace {

/// Frame buffers of one thread: page-aligned slots, kept for reuse until the thread ends.
class FrameBuffers {
 public:
  /// nghttp2's frame buffer is 16 KiB and a frame header; nothing else that it allocates is of this size.
  static constexpr std::size_t kSmallest = 16 * 1024;
  static constexpr std::size_t kSlotBytes = 20 * 1024;

  FrameBuffers() = default;
  FrameBuffers(const FrameBuffers&) = delete;
  FrameBuffers& operator=(const FrameBuffers&) = delete;
  ~FrameBuffers() {
    for (const auto& [end, begin] : regions_) munmap(begin, kRegionBytes);
  }

  void* take() {
    if (free_.empty() && !map_region()) return nullptr;
    char* slot = free_.back();
    free_.pop_back();
    return slot;
  }
  bool owns(const void* address) const {
    const auto region = regions_.upper_bound(static_cast<const char*>(address));
    return region != regions_.end() && address >= region->second;
  }
  void give_back(void* slot) { free_.push_back(static_cast<char*>(slot)); }

 private:
  static constexpr std::size_t kRegionBytes = 64 * kSlotBytes;

  bool map_region() {
    void* mapped = mmap(nullptr, kRegionBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return false;
    char* begin = static_cast<char*>(mapped);
    // A huge page would make the untouched slots resident.
    madvise(begin, kRegionBytes, MADV_NOHUGEPAGE);
    regions_.emplace(begin + kRegionBytes, begin);
    for (std::size_t at = kRegionBytes; at > 0; at -= kSlotBytes) free_.push_back(begin + at - kSlotBytes);
    return true;
  }

  std::map<const char*, char*> regions_{};  ///< by end
  std::vector<char*> free_{};
};

FrameBuffers& frame_buffers() {
  thread_local FrameBuffers mine;
  return mine;
}

void* allocate(std::size_t size, void*) {
  const bool frame = size >= FrameBuffers::kSmallest && size <= FrameBuffers::kSlotBytes;
  return frame ? frame_buffers().take() : std::malloc(size);
}

void release(void* memory, void*) {
  if (memory == nullptr) return;
  if (frame_buffers().owns(memory)) {
    frame_buffers().give_back(memory);
  } else {
    std::free(memory);
  }
}

void* allocate_zeroed(std::size_t count, std::size_t size, void*) { return std::calloc(count, size); }

void* reallocate(void* memory, std::size_t size, void*) {
  if (memory == nullptr) return allocate(size, nullptr);
  if (!frame_buffers().owns(memory)) return std::realloc(memory, size);
  // A frame buffer grows out of its slot.
  void* moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, size < FrameBuffers::kSlotBytes ? size : FrameBuffers::kSlotBytes);
  frame_buffers().give_back(memory);
  return moved;
}

}  // namespace

nghttp2_mem* h2_memory() {
  static nghttp2_mem memory{nullptr, allocate, release, allocate_zeroed, reallocate};
  return &memory;
}

}  // namespace http
