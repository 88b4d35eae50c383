// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/segments.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "store/disk/mapped_file.h"

namespace bodies {

base::Result<std::unique_ptr<Segments>> Segments::open(const Options& options) {
  std::error_code failed;
  std::filesystem::create_directories(options.folder, failed);
  if (failed) return base::fail_system("cannot make '" + options.folder + "'", failed.value());
  std::unique_ptr<Segments> segments(new Segments(options));
  for (std::uint32_t i = 0; i < options.count; ++i) {
    if (auto opened = segments->open_one(i); !opened) return std::unexpected(opened.error());
  }
  return segments;
}

base::Status Segments::open_one(std::uint32_t segment) {
  const std::string path = options_.folder + "/segment-" + std::to_string(segment);
  File& file = files_[segment];
  file.reading = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  file.writing = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | (options_.direct ? O_DIRECT : 0));
  if (file.reading < 0 || file.writing < 0) return base::fail_system("cannot open '" + path + "'", errno);
  const int code = ::posix_fallocate(file.reading, 0, static_cast<off_t>(options_.bytes));
  if (code != 0) return base::fail_system("cannot allocate '" + path + "'", code);
  return {};
}

Segments::~Segments() {
  for (const File& file : files_) {
    if (file.reading >= 0) ::close(file.reading);
    if (file.writing >= 0) ::close(file.writing);
  }
}

base::Status Segments::write(std::uint32_t segment, std::uint64_t offset, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        ::pwrite(files_[segment].writing, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_system("cannot write to a segment", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

base::Status Segments::sync(std::uint32_t segment) {
  if (::fdatasync(files_[segment].writing) == 0) return {};
  return base::fail_system("cannot sync a segment", errno);
}

base::Status Segments::read(const Place& place, std::span<char> first, std::span<char> second) const {
  return store::pread_all(files_[place.segment].reading, first, second, place.offset);
}

}  // namespace bodies
