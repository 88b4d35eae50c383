// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/ring.h"

#include <utility>

namespace bodies {
namespace {

constexpr std::uint64_t kAlignment = 16;

std::uint64_t rounded(std::uint64_t bytes, std::uint64_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

base::Result<Place> Ring::take(std::uint64_t bytes) {
  if (bytes > segments_.bytes()) return base::fail(base::Errc::Limit, "a record is larger than a segment");
  position_ = rounded(position_, kAlignment);
  if (position_ + bytes > segments_.bytes()) {
    if (auto done = advance(); !done) return std::unexpected(done.error());
  }
  const Place place{current_, static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(bytes)};
  position_ += bytes;
  return place;
}

void Ring::end_group() { position_ = rounded(position_, Segments::kBlock); }

base::Status Ring::advance() {
  const auto next = oldest_but(spare_);
  if (!next) return base::fail(base::Errc::Busy, "no room in the disk cache: all that it holds is in use");
  // LMDB keeps two meta pages and syncs the newer one only with the next transaction.
  if (emptied_by_ > table_.durable()) {
    if (auto synced = table_.sync(); !synced) return synced;
  }
  current_ = std::exchange(spare_, *next);
  position_ = 0;
  empty(spare_);
  return {};
}

std::optional<std::uint32_t> Ring::oldest_but(std::uint32_t segment) const {
  for (std::uint32_t i = 1; i < segments_.count(); ++i) {
    const std::uint32_t next = (segment + i) % segments_.count();
    if (next != current_ && !segments_.pinned(next)) return next;
  }
  return std::nullopt;
}

void Ring::empty(std::uint32_t segment) {
  for (const Name& name : std::exchange(names_[segment], {})) {
    if (const auto gone = index_.evict(name.key, name.id, segment)) evicted_(name, *gone);
  }
  emptied_by_ = table_.commits() + 1;
}

void Ring::note(const Name& name, const Located& located) {
  note_in(located.head.segment, name);
  if (!located.chunks) return;
  for (const Place& place : *located.chunks) {
    if (place.segment != located.head.segment) note_in(place.segment, name);
  }
}

void Ring::note_in(std::uint32_t segment, const Name& name) {
  std::vector<Name>& names = names_[segment];
  if (names.empty() || names.back().id != name.id) names.push_back(name);
}

std::uint64_t Ring::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& names : names_) bytes += names.capacity() * sizeof(Name);
  return bytes;
}

}  // namespace bodies
