// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "purge/clock/purge.h"

namespace purge {

/// What is dead since which number: for each URL, tag, prefix, host and site the newest purge that named it, hard and soft apart.
/// Applying an entry costs the same whatever the cache holds. Shared: one thread applies (the follower's), any thread asks.
class Ledger {
 public:
  /// Turns a purged URL ("https://www.a.test/x?b=1&a=2") into the form of Subject::url under the site's key rules.
  /// Called by apply() only.
  using Normaliser = std::function<std::string(std::string_view site, std::string_view url)>;

  explicit Ledger(Normaliser normalise);
  ~Ledger();

  /// The clock: stamp of the newest entry applied. One atomic load (acquire): who sees it sees its effect.
  Stamp now() const;

  /// Enters `purge` under `sequence`, then moves the clock there. Entries at or below now() are ignored.
  void apply(Sequence sequence, const Purge& purge);
  /// Everything held so far is dead: a new epoch that begins at `sequence`. Forgets all entries.
  void reset(std::uint16_t epoch, Sequence sequence);
  std::uint16_t epoch() const;

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
  };
  std::vector<Row> rows_of(Sequence sequence, const Purge& purge) const;
  void load(std::uint16_t epoch, Sequence sequence, const std::vector<Row>& rows);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace purge
