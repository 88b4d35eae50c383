// SPDX-License-Identifier: Apache-2.0
#include "edge/node/group_clock.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

namespace node {
namespace {

// With lengths in front, so that no two names share a text.
base::Hash128 name_of(std::string_view site, std::string_view host, std::string_view group) {
  std::string name;
  for (const std::string_view part : {site, host, group}) {
    name.append(std::to_string(part.size())).append(":").append(part);
  }
  return base::hash128(name);
}

}  // namespace

GroupClock::GroupClock(base::Wall since, std::size_t entries_max)
    : entries_max_(entries_max), floor_(since.time_since_epoch().count()), newest_(floor_.load()) {}

void GroupClock::invalidate(std::string_view site, std::string_view host, std::string_view group,
                            base::Wall at) {
  const Ticks ticks = at.time_since_epoch().count();
  const std::unique_lock lock(mutex_);
  Ticks& entry = invalidated_.try_emplace(name_of(site, host, group), ticks).first->second;
  entry = std::max(entry, ticks);
  if (invalidated_.size() > entries_max_) raise_floor();
  // Last: who sees it finds the entry.
  newest_.store(std::max(newest_.load(std::memory_order_relaxed), ticks), std::memory_order_release);
}

void GroupClock::raise_floor() {
  std::vector<Ticks> ages;
  ages.reserve(invalidated_.size());
  for (const auto& [name, ticks] : invalidated_) ages.push_back(ticks);
  const auto last = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 4);
  std::ranges::nth_element(ages, last);
  // The floor rises before the entries go: nothing that they covered comes back to life in between.
  floor_.store(std::max(floor_.load(std::memory_order_relaxed), *last), std::memory_order_release);
  std::erase_if(invalidated_, [floor = *last](const auto& entry) { return entry.second <= floor; });
}

GroupVerdict GroupClock::look_up(const policy::StoredResponse& response) const {
  const Ticks sent = response.request_time.time_since_epoch().count();
  if (sent > newest_.load(std::memory_order_acquire)) return GroupVerdict::Live;
  const std::shared_lock lock(mutex_);
  for (const std::string& group : response.groups) {
    const auto found = invalidated_.find(name_of(response.site, response.host, group));
    if (found != invalidated_.end() && sent <= found->second) return GroupVerdict::Dead;
  }
  return sent <= floor_.load(std::memory_order_relaxed) ? GroupVerdict::Doubtful : GroupVerdict::Live;
}

GroupVerdict GroupClock::verdict(const policy::StoredResponse& response, base::Wall now) const {
  if (response.groups.empty()) return GroupVerdict::Live;
  const GroupVerdict verdict = look_up(response);
  if (verdict == GroupVerdict::Live && response.request_time > now) return GroupVerdict::Doubtful;
  return verdict;
}

std::size_t GroupClock::entries() const {
  const std::shared_lock lock(mutex_);
  return invalidated_.size();
}

}  // namespace node
