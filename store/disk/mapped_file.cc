// SPDX-License-Identifier: Apache-2.0
// Why pages are shed: looking up a record maps its B-tree pages, and with each the kernel maps its
// neighbours: 16
// ("fault around"), or all that lie in one block of its page cache, which may be 2 MiB. So a busy process
// would soon show the whole file as its own memory. How much is mapped can only be seen for the process as a
// whole.
#include "store/disk/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "edge/base/check.h"

namespace store {
namespace {

constexpr std::size_t kThroughMapMax =
    2048;  // values of this size lie in a B-tree page that was just touched anyway
constexpr std::uint64_t kLookEvery = 4;          // touched pages
constexpr std::uint64_t kMappedPagesMax = 2048;  // 8 MiB, of all files together

/// The least that was seen of resident_file_pages(): programs and libraries, little of the maps.
std::atomic<std::uint64_t> least_resident{UINT64_MAX};

/// Pages of files that are resident in this process: programs, libraries, maps.
std::uint64_t resident_file_pages() {
  static const int statm = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  std::array<char, 128> text{};
  if (::pread(statm, text.data(), text.size() - 1, 0) <= 0) return 0;
  unsigned long long pages = 0;
  return std::sscanf(text.data(), "%*u %*u %llu", &pages) == 1 ? pages : 0;
}

std::uint64_t note_resident() {
  const std::uint64_t now = resident_file_pages();
  std::uint64_t least = least_resident.load(std::memory_order_relaxed);
  while (now < least && !least_resident.compare_exchange_weak(least, now, std::memory_order_relaxed)) {
  }
  return now;
}

/// Start of file offset 0 of the mapping that holds `inside`, or null.
const char* base_of(const char* inside) {
  std::ifstream maps("/proc/self/maps");
  const auto at = reinterpret_cast<std::uintptr_t>(inside);
  for (std::string line; std::getline(maps, line);) {
    unsigned long long start = 0;
    unsigned long long end = 0;
    unsigned long long offset = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx %*s %llx", &start, &end, &offset) != 3) continue;
    if (at >= start && at < end) return reinterpret_cast<const char*>(start - offset);
  }
  return nullptr;
}

}  // namespace

base::Status pread_all(int descriptor, std::span<char> first, std::span<char> second, std::uint64_t offset) {
  while (!first.empty() || !second.empty()) {
    const std::array<iovec, 2> pieces{iovec{first.data(), first.size()}, iovec{second.data(), second.size()}};
    const ssize_t n = ::preadv(descriptor, pieces.data(), pieces.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_system("cannot read a stored record", errno);
    if (n == 0) return base::fail(base::Errc::Corrupt, "the data file ends within a record");
    const auto bytes = static_cast<std::size_t>(n);
    const std::size_t from_first = std::min(bytes, first.size());
    first = first.subspan(from_first);
    second = second.subspan(bytes - from_first);
    offset += bytes;
  }
  return {};
}

MappedFile::MappedFile(int descriptor, std::uint64_t map_bytes, std::string_view inside)
    : descriptor_(descriptor), map_bytes_(map_bytes), base_(base_of(inside.data())) {
  if (base_ == nullptr) return;
  // Trust, but look: the file must show the same bytes at that place.
  std::string same(inside.size(), '\0');
  if (!pread_all(descriptor_, same, {}, offset_of(inside)) || same != inside) {
    base_ = nullptr;
  }
  note_resident();
}

base::Status MappedFile::read(std::string_view value, std::span<char> first, std::span<char> second) {
  CHECK(first.size() + second.size() == value.size());
  touched(1);
  if (value.size() > kThroughMapMax && base_ != nullptr) {
    return pread_all(descriptor_, first, second, offset_of(value));
  }
  value.copy(first.data(), first.size());
  value.copy(second.data(), second.size(), first.size());
  if (base_ == nullptr && value.size() > kThroughMapMax) {
    // Without the map's start, at least these pages can be let go of.
    constexpr std::uintptr_t kPage = 4096;
    const auto start = reinterpret_cast<std::uintptr_t>(value.data()) / kPage * kPage;
    const auto end = reinterpret_cast<std::uintptr_t>(value.data()) + value.size();
    ::madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return {};
}

std::optional<std::uint64_t> MappedFile::place_of(std::string_view value) const {
  if (base_ == nullptr || value.data() < base_ || value.data() + value.size() > base_ + map_bytes_)
    return std::nullopt;
  return offset_of(value);
}

bool MappedFile::read_cached(std::uint64_t offset, std::span<char> first, std::span<char> second) {
  if (never_cached_.load(std::memory_order_relaxed)) return false;
  const std::array<iovec, 2> pieces{iovec{first.data(), first.size()}, iovec{second.data(), second.size()}};
  const ssize_t n =
      ::preadv2(descriptor_, pieces.data(), pieces.size(), static_cast<off_t>(offset), RWF_NOWAIT);
  if (n < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS)) never_cached_ = true;
  return n >= 0 && static_cast<std::size_t>(n) == first.size() + second.size();
}

bool MappedFile::has_own_pages(std::string_view value) const {
  return value.size() > kThroughMapMax && base_ != nullptr && value.data() >= base_ &&
         value.data() < base_ + map_bytes_;
}

bool MappedFile::freeable(std::string_view value) const {
  if (!has_own_pages(value)) return true;
  // The head of the first page ends in a word of flags and the number of pages.
  constexpr std::uint64_t kPageBytes = 4096;
  constexpr std::uint64_t kHeadBytes = 16;
  constexpr std::uint16_t kOverflow = 4;
  std::uint16_t flags = 0;
  std::uint32_t pages = 0;
  std::memcpy(&flags, value.data() - 6, sizeof flags);
  std::memcpy(&pages, value.data() - 4, sizeof pages);
  return flags == kOverflow && pages == (kHeadBytes + value.size() + kPageBytes - 1) / kPageBytes;
}

void MappedFile::expect(std::string_view value) {
  if (!has_own_pages(value)) return;
  ::posix_fadvise(descriptor_, static_cast<off_t>(offset_of(value)), 1, POSIX_FADV_WILLNEED);
}

void MappedFile::shed() {
  if (base_ != nullptr) ::madvise(const_cast<char*>(base_), map_bytes_, MADV_DONTNEED);
}

void MappedFile::touched(std::uint64_t pages) {
  const std::uint64_t before = touched_pages_.fetch_add(pages, std::memory_order_relaxed);
  if (base_ == nullptr || before / kLookEvery == (before + pages) / kLookEvery) return;
  const std::uint64_t resident = note_resident();
  if (resident < least_resident.load(std::memory_order_relaxed) + kMappedPagesMax) return;
  shed();
  note_resident();
}

}  // namespace store
