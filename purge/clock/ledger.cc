// SPDX-License-Identifier: Apache-2.0
// A name is the 128-bit hash of "kind, site, text" with lengths in front, so that no two names share a text. Shards keep a
// map from name to the newest hard and soft stamp. apply() enters first and moves the clock after, with release order: whoever has
// read the clock finds at least what it counts.
#include "purge/clock/ledger.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "edge/base/hash.h"
#include "edge/base/text.h"

namespace purge {
namespace {

using base::Hash128;

struct Stamps {
  Stamp hard = 0;
  Stamp soft = 0;
  Stamp newest() const { return std::max(hard, soft); }
};

Hash128 name_of(char kind, std::string_view site, std::string_view text) {
  std::string name(1, kind);
  name += std::to_string(site.size());
  name += ' ';
  name += site;
  name += text;
  return base::hash128(name);
}

constexpr std::array<char, 5> kKinds = {'u', 't', 'p', 'h', '*'};  // by Kind

// A prefix is kept without its last slash: it covers itself and what follows a slash.
std::string_view bare_prefix(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

// The path of a URL without its query: prefixes cover all query strings.
std::string_view without_query(std::string_view url) { return url.substr(0, url.find('?')); }

}  // namespace

struct Ledger::Impl {
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<Hash128, Stamps> stamps;
  };
  static constexpr std::size_t kShards = 64;

  Normaliser normalise;
  std::size_t entries_max = 0;
  std::array<Shard, kShards> shards{};
  std::atomic<Stamp> now{0};
  std::atomic<Stamp> all_before{0};  ///< everything with a lower stamp is dead

  Shard& shard_of(const Hash128& name) { return shards[name.high % kShards]; }
  Stamps stamps_of(const Hash128& name) const {
    const Shard& shard = shards[name.high % kShards];
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.stamps.find(name);
    return found == shard.stamps.end() ? Stamps{} : found->second;
  }

  std::size_t entries() const;
  void raise_floor();
  std::vector<Hash128> names_of(const Purge& purge) const;
  Stamps newest(const Subject& subject) const;
};

std::vector<Hash128> Ledger::Impl::names_of(const Purge& purge) const {
  const char kind = kKinds[static_cast<std::size_t>(purge.kind)];
  if (purge.kind == Kind::Everything) return {name_of(kind, purge.site, "")};
  std::vector<Hash128> names;
  names.reserve(purge.names.size());
  for (const std::string& name : purge.names) {
    switch (purge.kind) {
      case Kind::Urls: names.push_back(name_of(kind, purge.site, normalise(purge.site, name))); break;
      case Kind::Prefixes:
        names.push_back(name_of(kind, purge.site, bare_prefix(normalise(purge.site, name))));
        break;
      case Kind::Hosts: names.push_back(name_of(kind, purge.site, base::lowered(name))); break;
      default: names.push_back(name_of(kind, purge.site, name)); break;
    }
  }
  return names;
}

Stamps Ledger::Impl::newest(const Subject& subject) const {
  Stamps newest{};
  const auto take = [&](char kind, std::string_view text) {
    const Stamps stamps = stamps_of(name_of(kind, subject.site, text));
    newest.hard = std::max(newest.hard, stamps.hard);
    newest.soft = std::max(newest.soft, stamps.soft);
  };
  take('*', "");
  take('h', subject.host);
  take('u', subject.url);
  const std::string_view path = without_query(subject.url);
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1)) {
    take('p', path.substr(0, at));
  }
  if (!path.ends_with('/')) take('p', path);
  for (const std::string& tag : subject.tags) take('t', tag);
  return newest;
}

std::size_t Ledger::Impl::entries() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards) {
    const std::shared_lock lock(shard.mutex);
    sum += shard.stamps.size();
  }
  return sum;
}

// An entry at or below the floor speaks only against what is older than itself, and that the floor kills
// already.
void Ledger::Impl::raise_floor() {
  const std::size_t kept = entries_max / 4 * 3;
  std::vector<Stamp> ages;
  for (const Shard& shard : shards) {
    const std::shared_lock lock(shard.mutex);
    for (const auto& [name, stamps] : shard.stamps) ages.push_back(stamps.newest());
  }
  const auto last = ages.end() - static_cast<std::ptrdiff_t>(kept) - 1;
  std::ranges::nth_element(ages, last);
  const Stamp floor = *last;
  // The floor rises before the entries go: nothing that they covered comes back to life in between.
  all_before.store(floor, std::memory_order_release);
  for (Shard& shard : shards) {
    const std::unique_lock lock(shard.mutex);
    std::erase_if(shard.stamps, [floor](const auto& entry) { return entry.second.newest() <= floor; });
  }
}

Ledger::Ledger(Normaliser normalise, std::size_t entries_max) : impl_(std::make_unique<Impl>()) {
  impl_->normalise = std::move(normalise);
  impl_->entries_max = entries_max;
}
Ledger::~Ledger() = default;

Stamp Ledger::now() const { return impl_->now.load(std::memory_order_acquire); }

std::uint16_t Ledger::epoch() const { return static_cast<std::uint16_t>(now() >> 48); }

void Ledger::apply(Sequence sequence, const Purge& purge) {
  const Stamp stamp = make_stamp(epoch(), sequence);
  if (stamp <= now()) return;
  for (const Hash128& name : impl_->names_of(purge)) {
    Impl::Shard& shard = impl_->shard_of(name);
    const std::unique_lock lock(shard.mutex);
    Stamps& stamps = shard.stamps[name];
    (purge.soft ? stamps.soft : stamps.hard) = stamp;
  }
  if (impl_->entries() > impl_->entries_max) impl_->raise_floor();
  impl_->now.store(stamp, std::memory_order_release);
}

void Ledger::reset(std::uint16_t epoch, Sequence sequence) {
  // The bound rises before the entries go: nothing that they covered comes back to life in between.
  const Stamp begin = make_stamp(epoch, sequence);
  impl_->all_before.store(begin, std::memory_order_release);
  for (Impl::Shard& shard : impl_->shards) {
    const std::unique_lock lock(shard.mutex);
    shard.stamps.clear();
  }
  impl_->now.store(begin, std::memory_order_release);
}

Verdict Ledger::verdict(const Subject& subject, Stamp since) const {
  if (since < impl_->all_before.load(std::memory_order_acquire)) return Verdict::Dead;
  if (since >= now()) return Verdict::Live;
  const Stamps newest = impl_->newest(subject);
  // Asked again: a reset or a risen floor in between may have taken away the entries that speak against
  // `subject`.
  if (since < impl_->all_before.load(std::memory_order_acquire)) return Verdict::Dead;
  if (newest.hard > since) return Verdict::Dead;
  return newest.soft > since ? Verdict::Stale : Verdict::Live;
}

Stamp Ledger::newest(const Subject& subject) const {
  const Stamps newest = impl_->newest(subject);
  return std::max({newest.hard, newest.soft, impl_->all_before.load(std::memory_order_acquire)});
}

std::size_t Ledger::entries() const { return impl_->entries(); }

Stamp Ledger::floor() const { return impl_->all_before.load(std::memory_order_acquire); }

std::vector<Ledger::Row> Ledger::rows_of(Sequence sequence, const Purge& purge) const {
  const Stamp stamp = make_stamp(epoch(), sequence);
  std::vector<Row> rows;
  for (const Hash128& name : impl_->names_of(purge)) {
    // The other kind's newest stamp is part of the row: rows replace each other as a whole. An entry that is kept a second
    // time does not take a newer stamp back.
    Stamps stamps = impl_->stamps_of(name);
    Stamp& changed = purge.soft ? stamps.soft : stamps.hard;
    changed = std::max(changed, stamp);
    rows.push_back({name.high, name.low, stamps.hard, stamps.soft});
  }
  return rows;
}

void Ledger::load(std::uint16_t epoch, Sequence sequence, const std::vector<Row>& rows, Stamp floor) {
  floor = std::max(floor, make_stamp(epoch, 0));
  impl_->all_before.store(floor, std::memory_order_release);
  for (const Row& row : rows) {
    if (row.newest() <= floor) continue;
    const Hash128 name{row.name_high, row.name_low};
    Impl::Shard& shard = impl_->shard_of(name);
    const std::unique_lock lock(shard.mutex);
    shard.stamps[name] = {row.hard, row.soft};
  }
  impl_->now.store(make_stamp(epoch, sequence), std::memory_order_release);
}

}  // namespace purge
