// SPDX-License-Identifier: Apache-2.0
#include "origin/server/root.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "edge/base/text.h"
#include "origin/server/resource_name.h"

namespace origin {
namespace {

int open_beneath(int folder, const char* name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how));
}

std::string random_name() {
  std::array<char, 16> bytes{};
  // Never fails for so few bytes once the machine is up; equal names would be caught by O_EXCL.
  static_cast<void>(::getrandom(bytes.data(), bytes.size(), 0));
  return base::hex({bytes.data(), bytes.size()}) + ".part";
}

}  // namespace

SplitName split_name(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

Root::Root(Descriptor folder, Descriptor scratch)
    : folder_(std::move(folder)),
      scratch_(std::move(scratch)),
      changes_(std::make_unique<std::mutex>()),
      makings_(std::make_unique<std::mutex>()) {}

base::Result<Root> Root::open(const std::string& path, bool writable) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return base::fail_system("cannot open the folder '" + path + "'", errno);
  const Descriptor probe(open_beneath(folder.get(), ".", O_RDONLY | O_DIRECTORY));
  if (!probe) return base::fail_system("cannot read the folder '" + path + "' (openat2)", errno);
  Root root(std::move(folder), Descriptor());
  if (writable) {
    if (auto made = root.open_scratch(); !made) {
      return base::fail(made.error().code, "cannot take uploads in '" + path + "': " + made.error().text);
    }
    root.remove_leftovers();
  }
  return root;
}

base::Status Root::open_scratch() {
  const std::string name(kReservedFolder);
  if (::mkdirat(folder_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail_system("cannot make the folder '" + name + "'", errno);
  }
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  scratch_ =
      Descriptor(static_cast<int>(::syscall(SYS_openat2, folder_.get(), name.c_str(), &how, sizeof how)));
  if (!scratch_) return base::fail_system("cannot open the folder '" + name + "'", errno);
  if (::faccessat(scratch_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    return base::fail_system("cannot write in the folder '" + name + "'", errno);
  }
  return {};
}

void Root::remove_leftovers() const {
  const int copy = ::openat(scratch_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    if (std::string_view(entry->d_name).ends_with(".part")) names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  for (const std::string& name : names) {
    const Descriptor file(::openat(scratch_.get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    // A lock that can be had: whoever wrote it is gone.
    if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(scratch_.get(), name.c_str(), 0);
  }
}

Outcome<Descriptor> Root::open_file(const std::string& name) const {
  Descriptor file(
      open_beneath(folder_.get(), name.empty() ? "." : name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return refuse_system("opening", name, errno);
  return file;
}

Outcome<Descriptor> Root::open_folder(const std::string& name, bool make) const {
  const char* path = name.empty() ? "." : name.c_str();
  Descriptor folder(open_beneath(folder_.get(), path, O_RDONLY | O_DIRECTORY));
  if (folder) return folder;
  if (errno == ENOTDIR)
    return refuse(409, "'/" + name + "' cannot be a folder: it or a part of its path is a file");
  if (errno != ENOENT || !make || name.empty()) return refuse_system("opening the folder", name, errno);
  const std::lock_guard lock(*makings_);
  return make_folder(name);
}

Outcome<Descriptor> Root::make_folder(const std::string& name) const {
  const SplitName split = split_name(name);
  auto parent = open_folder(split.folder, false);
  if (!parent && parent.error().status == 404 && !split.folder.empty()) parent = make_folder(split.folder);
  if (!parent) return parent;
  if (::mkdirat(parent->get(), split.leaf.c_str(), 0755) != 0 && errno != EEXIST) {
    return refuse_system("making the folder", name, errno);
  }
  if (::fsync(parent->get()) != 0) return refuse_system("writing the folder", split.folder, errno);
  Descriptor folder(open_beneath(folder_.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
  if (!folder) return refuse_system("opening the folder", name, errno);
  return folder;
}

void Root::settle_folders() const { const std::lock_guard lock(*makings_); }

Outcome<Root::Scratch> Root::make_scratch() const {
  Scratch scratch;
  scratch.name = random_name();
  scratch.file = Descriptor(::openat(scratch_.get(), scratch.name.c_str(),
                                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!scratch.file) return refuse_system("making a file in", std::string(kReservedFolder), errno);
  if (::flock(scratch.file.get(), LOCK_EX | LOCK_NB) != 0) {
    const int number = errno;
    ::unlinkat(scratch_.get(), scratch.name.c_str(), 0);
    return refuse_system("locking", scratch.name, number);
  }
  return scratch;
}

}  // namespace origin
