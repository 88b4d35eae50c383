// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "edge/base/error.h"
#include "origin/server/descriptor.h"
#include "origin/server/refusal.h"

namespace origin {

/// The served folder. Every name is resolved by the kernel beneath it (openat2 with RESOLVE_BENEATH): neither
/// dot segments nor symbolic links lead out, whatever else changes the folder meanwhile. All calls do file
/// I/O: not on a loop. Any thread.
class Root {
 public:
  /// Opens the folder, makes the reserved one in it when `writable`, and removes what broken-off uploads left
  /// there.
  static base::Result<Root> open(const std::string& path, bool writable);

  /// For reading; a folder too. Never blocks on a FIFO.
  Outcome<Descriptor> open_file(const std::string& name) const;
  /// The folder `name` (empty: the root), made with its parents if `make`.
  Outcome<Descriptor> open_folder(const std::string& name, bool make) const;
  /// Returns when the folders that can be seen now are durable: another thread may just be making them.
  void settle_folders() const;
  /// A new empty file in the reserved folder, locked while it is open so that no clean-up takes it.
  struct Scratch {
    Descriptor file{};
    std::string name{};  ///< within scratch_folder()
  };
  Outcome<Scratch> make_scratch() const;
  int scratch_folder() const { return scratch_.get(); }

  /// Whoever checks a precondition and then changes a name holds this in between, and not while a disk
  /// writes.
  std::mutex& changes() const { return *changes_; }

 private:
  Root(Descriptor folder, Descriptor scratch);
  base::Status open_scratch();
  void remove_leftovers() const;
  /// With its parents. Under makings_.
  Outcome<Descriptor> make_folder(const std::string& name) const;

  Descriptor folder_;
  Descriptor scratch_;
  std::unique_ptr<std::mutex> changes_;
  std::unique_ptr<std::mutex> makings_;  ///< held from the making of a folder until that is durable
};

/// The parts of a name before and after its last slash.
struct SplitName {
  std::string folder{};
  std::string leaf{};
};
SplitName split_name(const std::string& name);

}  // namespace origin
