// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "edge/base/hash.h"
#include "purge/clock/purge.h"

namespace purge {

/// What is dead since which number: for each URL, tag, prefix, host, wildcard and site the newest purge that
/// named it, hard and soft apart. Applying an entry costs the same whatever the cache holds. Its size is
/// bounded: past it the oldest entries give way to a floor, below which everything counts as purged. Shared:
/// one thread applies (the follower's), any thread asks.
class Ledger {
 public:
  struct Limits {
    std::size_t entries = 1'000'000;
    std::size_t wildcards = 1'000;  ///< of a site; past it the older half becomes a purge of the whole site
    std::size_t variants = 100;     ///< of a URL; past it the older half becomes a purge of the whole URL
    bool operator==(const Limits&) const = default;
  };
  /// Turns a purged URL ("https://www.a.test/x?b=1&a=2") into the form of Subject::url under the site's key
  /// rules. Called by apply(), rows_of() and load() only.
  using Normaliser = std::function<std::string(std::string_view site, std::string_view url)>;
  using Name = base::Hash128;

  /// One entry, for the ledger's persistence.
  struct Row {
    std::uint64_t name_high = 0;
    std::uint64_t name_low = 0;
    Stamp hard = 0;
    Stamp soft = 0;
    std::string text{};  ///< of what a fingerprint cannot find; empty for most
    Stamp newest() const { return hard > soft ? hard : soft; }
    Name name() const { return {name_high, name_low}; }
  };

  explicit Ledger(Normaliser normalise) : Ledger(std::move(normalise), Limits()) {}
  Ledger(Normaliser normalise, const Limits& limits);
  ~Ledger();

  /// The clock: stamp of the newest entry applied. One atomic load (acquire): who sees it sees its effect.
  Stamp now() const;

  /// Enters `purge` under `sequence`, then moves the clock there. Entries at or below now() are ignored. With
  /// more than the bound, the floor rises to where at least a quarter of the bound is free again. Answers
  /// what changed beyond rows_of(): entries that speak for several which had to go.
  std::vector<Row> apply(Sequence sequence, const Purge& purge);
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

  /// Entries with nothing above a stamp are of no more use once all that is held, and older than they are,
  /// has been held against them. Soft ones speak on for what they made stale: their names are given by
  /// names_above(), and spared.
  using Names = std::unordered_set<Name>;
  void names_above(const Subject& subject, Stamp since, Names& names) const;
  /// Forgets entries with nothing above `upto`, but for `spared`; answers how many.
  std::size_t drop(Stamp upto, const Names& spared);

  /// The entries that `purge` touches, as they will be.
  std::vector<Row> rows_of(Sequence sequence, const Purge& purge) const;
  /// Rows at or below `floor` say nothing and are left out. One whose text cannot be read raises the floor to
  /// it.
  void load(std::uint16_t epoch, Sequence sequence, const std::vector<Row>& rows, Stamp floor = 0);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace purge
