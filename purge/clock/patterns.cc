// SPDX-License-Identifier: Apache-2.0
#include "purge/clock/patterns.h"

#include <algorithm>
#include <mutex>
#include <ranges>

namespace purge {

std::optional<Stamps> PatternTable::raise(const Name& group, Pattern pattern) {
  const std::unique_lock lock(mutex_);
  std::vector<Pattern>& patterns = groups_[group];
  const auto had = std::ranges::find(patterns, pattern.name, &Pattern::name);
  if (had != patterns.end()) {
    pattern.stamps.raise(had->stamps);
    patterns.erase(had);
  } else {
    size_.fetch_add(1, std::memory_order_relaxed);
  }
  const Stamp newest = pattern.stamps.newest();
  const auto place =
      std::ranges::upper_bound(patterns, newest, {}, [](const Pattern& p) { return p.stamps.newest(); });
  patterns.insert(place, std::move(pattern));
  if (newest_.load(std::memory_order_relaxed) < newest) newest_.store(newest, std::memory_order_release);
  if (patterns.size() <= group_max_) return {};
  // All up to the newest stamp of the older half: drop() goes by it, and one purge may have named more than
  // that half.
  const Stamp upto = patterns[(patterns.size() + 1) / 2 - 1].stamps.newest();
  Stamps oldest{};
  for (const Pattern& old : patterns) {
    if (old.stamps.newest() <= upto) oldest.raise(old.stamps);
  }
  return oldest;
}

void PatternTable::drop(const Name& group, Stamp upto) {
  const std::unique_lock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  const std::size_t gone = std::erase_if(
      found->second, [upto](const Pattern& pattern) { return pattern.stamps.newest() <= upto; });
  size_.fetch_sub(gone, std::memory_order_relaxed);
}

void PatternTable::each(const Name& group, Stamp since,
                        const std::function<void(const Pattern&)>& look) const {
  if (newest_.load(std::memory_order_acquire) <= since) return;
  const std::shared_lock lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  for (const Pattern& pattern : std::views::reverse(found->second)) {
    if (pattern.stamps.newest() <= since) return;
    look(pattern);
  }
}

Stamps PatternTable::stamps_of(const Name& group, const Name& pattern) const {
  Stamps stamps{};
  each(group, 0, [&](const Pattern& one) {
    if (one.name == pattern) stamps = one.stamps;
  });
  return stamps;
}

void PatternTable::clear() {
  erase_if([](const Name&, const Stamps&) { return true; });
}

std::size_t PatternTable::erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted) {
  const std::unique_lock lock(mutex_);
  std::size_t erased = 0;
  for (auto& [group, patterns] : groups_) {
    erased += std::erase_if(patterns,
                            [&](const Pattern& pattern) { return unwanted(pattern.name, pattern.stamps); });
  }
  std::erase_if(groups_, [](const auto& group) { return group.second.empty(); });
  size_.fetch_sub(erased, std::memory_order_relaxed);
  return erased;
}

void PatternTable::collect_newest(std::vector<Stamp>& out) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [group, patterns] : groups_) {
    for (const Pattern& pattern : patterns) out.push_back(pattern.stamps.newest());
  }
}

}  // namespace purge
