// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/bench/bodies/table.h"
#include "tests/bench/bodies/writes.h"

namespace bodies {

/// What all stores are measured with.
struct Plan {
  std::uint64_t budget = 256ULL << 20;
  std::uint64_t times = 20;      ///< so many budgets are written
  std::uint64_t reads = 20'000;  ///< with a warm page cache
  double mixed_seconds = 5;
  double mixed_mib_a_second = 50;
  unsigned shards = 2;  ///< of LmdbDisk
  std::uint64_t commit_bytes = 8ULL << 20;
  bool small_pages = false;  ///< see load_small_pages
};

/// Opens an empty store of one kind in a folder.
using Opener = std::function<std::unique_ptr<store::Disk>(const std::string& folder, const Plan& plan)>;

/// One store, from its opening on, under the workloads; what was measured goes to a column of the table.
class Phases {
 public:
  Phases(const Opener& open, const Plan& plan, Table& table, std::size_t column)
      : open_(open), plan_(plan), table_(table), column_(column) {}

  /// One round: writes, reads and both with objects of 64 KiB, then writes of mixed sizes.
  void run(std::uint64_t round);

 private:
  void add(const std::string& row, double value, int digits) { table_.add(column_, row, value, digits); }
  void write(const std::string& what, store::Disk& disk, const std::string& folder, Writes& writes);
  /// Live bodies' bytes; what is live goes to `names`.
  static double live_bytes(const store::Disk& disk, const Writes& writes, std::vector<Name>& names);
  void read(const std::string& what, store::Disk& disk, const std::string& folder,
            const std::vector<Name>& names, std::size_t at_once, std::size_t count);
  void read_all(store::Disk& disk, const std::string& folder, std::vector<Name> names, std::uint64_t seed);
  void mix(store::Disk& disk, const std::string& folder, Writes& writes);

  const Opener& open_;
  const Plan& plan_;
  Table& table_;
  std::size_t column_;
};

}  // namespace bodies
