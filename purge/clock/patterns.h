// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/hash.h"
#include "purge/clock/purge.h"
#include "purge/clock/stamps.h"

namespace purge {

/// What purges say that cannot be found by a fingerprint: it has to be compared one by one. Grouped by a name
/// under which it is looked for (a site for wildcards, a URL for variants); within a group the newest come
/// last, and a look-up ends at the first that is not newer than what is asked. One thread changes it, any
/// thread asks.
class PatternTable {
 public:
  using Name = base::Hash128;
  struct Pattern {
    Name name{};         ///< of itself
    std::string text{};  ///< what is compared
    Stamps stamps{};
  };

  /// `group_max`: the most patterns of a group; past it the older half should go.
  explicit PatternTable(std::size_t group_max) : group_max_(group_max) {}

  /// Enters a pattern, or raises it. With too many in the group: the newest stamps of those that should go,
  /// once something that covers them all speaks in their place (drop()).
  std::optional<Stamps> raise(const Name& group, Pattern pattern);
  /// Removes the patterns of `group` up to a stamp.
  void drop(const Name& group, Stamp upto);
  /// The patterns of `group` with a stamp above `since`, newest first. Under a lock: `look` must be short and
  /// not call back.
  void each(const Name& group, Stamp since, const std::function<void(const Pattern&)>& look) const;
  /// Zeros if it is not there.
  Stamps stamps_of(const Name& group, const Name& pattern) const;
  void clear();
  std::size_t erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted);
  void collect_newest(std::vector<Stamp>& out) const;
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  const std::size_t group_max_;
  mutable std::shared_mutex mutex_{};
  std::map<Name, std::vector<Pattern>> groups_{};
  std::atomic<Stamp> newest_{0};  ///< no pattern is newer
  std::atomic<std::size_t> size_{0};
};

}  // namespace purge
