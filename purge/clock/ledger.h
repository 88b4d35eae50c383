// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "purge/clock/purge.h"

namespace purge {

/// What is dead since which number: for each URL, tag, prefix, host and site the newest purge that named it,
/// hard and soft apart. Applying an entry costs the same whatever the cache holds. Its size is bounded: past
/// it the oldest entries give way to a floor, below which everything counts as purged. Shared: one thread
/// applies (the follower's), any thread asks.
class Ledger {
 public:
  static constexpr std::size_t kEntriesMax = 1'000'000;
  /// Turns a purged URL ("https://www.a.test/x?b=1&a=2") into the form of Subject::url under the site's key rules.
  /// Called by apply() only.
  using Normaliser = std::function<std::string(std::string_view site, std::string_view url)>;

  explicit Ledger(Normaliser normalise, std::size_t entries_max = kEntriesMax);
  ~Ledger();

  /// The clock: stamp of the newest entry applied. One atomic load (acquire): who sees it sees its effect.
  Stamp now() const;

  /// Enters `purge` under `sequence`, then moves the clock there. Entries at or below now() are ignored. With
  /// more than the bound, the floor rises to where at least a quarter of the bound is free again.
  void apply(Sequence sequence, const Purge& purge);
  /// Everything held so far is dead: a new epoch that begins at `sequence`. Forgets all entries.
  void reset(std::uint16_t epoch, Sequence sequence);
  std::uint16_t epoch() const;
  /// What is older is dead, without an entry.
  Stamp floor() const;

  /// What entries above `since` say of `subject`.
  Verdict verdict(const Subject& subject, Stamp since) const;
  /// The newest stamp of any entry (hard or soft) that matches `subject`; 0 if none.
  Stamp newest(const Subject& subject) const;

  std::size_t entries() const;

  /// For the ledger's persistence: the entries that `purge` touches as (128-bit name, packed numbers) pairs, and loading them back.
  struct Row {
    std::uint64_t name_high = 0;
    std::uint64_t name_low = 0;
    Stamp hard = 0;
    Stamp soft = 0;
    Stamp newest() const { return hard > soft ? hard : soft; }
  };
  std::vector<Row> rows_of(Sequence sequence, const Purge& purge) const;
  /// Rows at or below `floor` say nothing and are left out.
  void load(std::uint16_t epoch, Sequence sequence, const std::vector<Row>& rows, Stamp floor = 0);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace purge
