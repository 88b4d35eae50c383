// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <vector>

#include "edge/base/check.h"
#include "tests/bench/bodies/usage.h"

namespace bodies {
namespace {

constexpr std::size_t kPage = 4096;

/// Pages of a file that are in the page cache.
std::size_t resident_pages(int descriptor, std::size_t size) {
  void* const map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  CHECK(map != MAP_FAILED);
  std::vector<unsigned char> pages((size + kPage - 1) / kPage);
  CHECK(::mincore(map, size, pages.data()) == 0);
  ::munmap(map, size);
  return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return page & 1; }));
}

/// A page that a process has mapped would not leave the page cache.
void unmap_pages(const std::string& folder) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" " + folder + "/") == std::string::npos) continue;
    unsigned long long begin = 0;
    unsigned long long end = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx", &begin, &end) != 2) continue;
    CHECK(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) == 0);
  }
}

void each_file(const std::string& folder, const std::function<void(int, std::size_t)>& visit) {
  for (const std::string& path : files_below(folder)) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    CHECK(descriptor >= 0 && ::fstat(descriptor, &status) == 0);
    if (status.st_size > 0) visit(descriptor, static_cast<std::size_t>(status.st_size));
    ::close(descriptor);
  }
}

}  // namespace

double forget_pages(const std::string& folder) {
  std::size_t all = 0;
  std::size_t left = 0;
  each_file(folder, [](int descriptor, std::size_t) { ::fsync(descriptor); });  // pages not written yet stay
  unmap_pages(folder);
  each_file(folder, [&](int descriptor, std::size_t size) {
    CHECK(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0);
    all += (size + kPage - 1) / kPage;
    left += resident_pages(descriptor, size);
  });
  return static_cast<double>(left) / static_cast<double>(std::max<std::size_t>(all, 1));
}

void load_pages(const std::string& folder) {
  std::vector<char> buffer(1 << 20);
  each_file(folder, [&](int descriptor, std::size_t) {
    while (::read(descriptor, buffer.data(), buffer.size()) > 0) {
    }
  });
}

void load_small_pages(const std::string& folder) {
  forget_pages(folder);
  std::array<char, kPage> page{};
  each_file(folder, [&](int descriptor, std::size_t) {
    CHECK(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM) == 0);  // reads no more than is asked for
    while (::read(descriptor, page.data(), page.size()) > 0) {
    }
  });
}

}  // namespace bodies
