// SPDX-License-Identifier: Apache-2.0
#include "store/disk/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace store {

base::Result<FolderLock> FolderLock::take(const std::string& folder) {
  std::error_code made;
  std::filesystem::create_directories(folder, made);
  if (made) {
    return base::fail(base::Errc::System,
                      "cannot make the disk cache folder '" + folder + "': " + made.message());
  }
  const std::string path = folder + "/lock";
  FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (lock.descriptor_ < 0)
    return base::fail_system("cannot write to the disk cache folder: '" + path + "'", errno);
  if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::fail_system("cannot lock '" + path + "'", errno);
    std::array<char, 24> owner{};
    const ssize_t n = ::pread(lock.descriptor_, owner.data(), owner.size(), 0);
    return base::fail(base::Errc::Busy,
                      "the disk cache folder '" + folder + "' is in use by process " +
                          std::string(owner.data(), n > 0 ? static_cast<std::size_t>(n) : 0));
  }
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(lock.descriptor_, 0) != 0 ||
      ::pwrite(lock.descriptor_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    return base::fail_system("cannot write '" + path + "'", errno);
  }
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace store
