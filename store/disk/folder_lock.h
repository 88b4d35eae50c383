// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/base/error.h"

namespace store {

/// Keeps a folder to one owner: holds an advisory lock (flock) on a file named "lock" in it, which the kernel
/// drops with the process.
class FolderLock {
 public:
  /// Makes the folder if it is missing. An error names the folder and, when locked already, its owner's
  /// process.
  static base::Result<FolderLock> take(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace store
