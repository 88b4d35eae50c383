// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

namespace base {

/// Memory for large buffers, in whole pages, apart from malloc: what is given back either stays warm for
/// reuse, up to kIdleBytesMax, or goes back to the system at once. So the process holds what is in use and
/// that, whatever sizes come and go; in malloc's heaps the gaps between them add up. One for the process; any
/// thread.
class BufferPool {
 public:
  struct Use {
    std::size_t live_bytes = 0;
    std::size_t idle_bytes = 0;  ///< kept warm
  };

  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kBufferBytesMax = 16 * kPageBytes;
  /// A first touch of a fresh page costs ten times a copy of its bytes: some are kept.
  static constexpr std::size_t kIdleBytesMax = 4 << 20;

  /// Never destroyed: buffers may outlive main's statics.
  static BufferPool& instance();

  /// What a buffer of `bytes` (1 to kBufferBytesMax) takes.
  static std::size_t rounded(std::size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }
  char* take(std::size_t bytes);
  /// `bytes`: as taken.
  void give(char* buffer, std::size_t bytes);
  Use use() const;

 private:
  /// Buffers of one size.
  struct Size {
    std::vector<char*> warm{};
    std::vector<char*> cold{};  ///< their pages are the system's
  };
  Size& size_of(std::size_t bytes) { return sizes_[(bytes - 1) / kPageBytes]; }

  mutable std::mutex mutex_;
  std::array<Size, kBufferBytesMax / kPageBytes> sizes_{};
  Use use_{};
};

}  // namespace base
