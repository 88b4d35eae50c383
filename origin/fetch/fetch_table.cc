// SPDX-License-Identifier: Apache-2.0
#include "origin/fetch/fetch_table.h"

#include <algorithm>

namespace fetch {
namespace {

/// A fetch that was added under another key than its own (a variant's) has its own key's text: the hash of the full text led there.
bool is_of(const Fetch& fetch, const store::Key& key, std::string_view text) {
  return fetch.key() != key || fetch.key_text() == text;
}

}  // namespace

FetchTable::Joined FetchTable::join(const store::Key& key, std::string_view text,
                                    const std::function<bool(const Fetch&)>& accept,
                                    const std::function<std::shared_ptr<Fetch>()>& make) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  std::shared_ptr<Fetch>& place = shard.fetches[key];
  if (place && is_of(*place, key, text) && !place->retired() && accept(*place)) return {place, false};
  place = make();
  return {place, true};
}

std::shared_ptr<Fetch> FetchTable::find(const store::Key& key, std::string_view text) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.fetches.find(key);
  if (found == shard.fetches.end() || !is_of(*found->second, key, text)) return nullptr;
  return found->second;
}

bool FetchTable::add(const store::Key& key, const std::shared_ptr<Fetch>& fetch) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  return shard.fetches.try_emplace(key, fetch).second;
}

void FetchTable::remove(const store::Key& key, const Fetch* fetch) {
  std::shared_ptr<Fetch> gone;
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.fetches.find(key);
  if (found == shard.fetches.end() || found->second.get() != fetch) return;
  gone = std::move(found->second);
  shard.fetches.erase(found);
}

void FetchTable::track(const store::Key& base, Fetch& fetch) {
  Shard& shard = shard_of(base);
  const std::scoped_lock lock(shard.mutex);
  shard.tracked.emplace(base, &fetch);
}

void FetchTable::untrack(const store::Key& base, const Fetch& fetch) {
  Shard& shard = shard_of(base);
  const std::scoped_lock lock(shard.mutex);
  const auto [begin, end] = shard.tracked.equal_range(base);
  const auto found = std::find_if(begin, end, [&](const auto& entry) { return entry.second == &fetch; });
  if (found != end) shard.tracked.erase(found);
}

void FetchTable::detach(const store::Key& key) {
  std::shared_ptr<Fetch> gone;
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto [begin, end] = shard.tracked.equal_range(key);
  std::for_each(begin, end, [](const auto& entry) { entry.second->retire(); });
  const auto found = shard.fetches.find(key);
  if (found == shard.fetches.end()) return;
  gone = std::move(found->second);
  shard.fetches.erase(found);
  gone->retire();
}

std::size_t FetchTable::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.fetches.size();
  }
  return sum;
}

}  // namespace fetch
