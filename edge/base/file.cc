// SPDX-License-Identifier: Apache-2.0
#include "edge/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace base {
namespace {

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_system("cannot write \"" + path + "\"", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return fail_system("cannot open \"" + path + "\"", errno);
  std::string bytes;
  char piece[16384];
  for (;;) {
    const ssize_t n = ::read(file.get(), piece, sizeof piece);
    if (n == 0) return bytes;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_system("cannot read \"" + path + "\"", errno);
    if (bytes.size() + static_cast<std::size_t>(n) > max_bytes) {
      return fail(Errc::Limit,
                  "\"" + path + "\" is larger than the " + std::to_string(max_bytes) + " bytes allowed");
    }
    bytes.append(piece, static_cast<std::size_t>(n));
  }
}

Status replace_file(const std::string& path, std::string_view bytes) {
  const std::string draft = path + ".new";
  {
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (file.get() < 0) return fail_system("cannot create \"" + draft + "\"", errno);
    if (auto written = write_all(file.get(), draft, bytes); !written) return written;
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0)
    return fail_system("cannot replace \"" + path + "\"", errno);
  return {};
}

}  // namespace base
