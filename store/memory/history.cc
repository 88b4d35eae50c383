// SPDX-License-Identifier: Apache-2.0
#include "store/memory/history.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace store {
namespace {

constexpr unsigned kRows = 4;
constexpr std::size_t kEntriesPerBlock = 8;
constexpr std::size_t kHalvingQuarters =
    7;  // departures for each entry of the cache in which all is halved, x 4
constexpr std::size_t kEntriesMin = 256;  // of a smaller cache the history reaches further back
constexpr std::uint64_t kLowerThreeBits = 0x7777777777777777ULL;

/// The finaliser of MurmurHash3.
std::uint64_t spread(std::uint64_t h) {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

/// Where the counter of a row lies: rows have two words of sixteen counters each.
struct Place {
  Place(std::uint64_t hash, unsigned row)
      : word(2 * row + ((hash >> (59 - 5 * row)) & 1)), shift(4 * ((hash >> (60 - 5 * row)) & 15)) {}
  unsigned of(const std::array<std::uint64_t, 8>& words) const { return (words[word] >> shift) & 15; }
  std::size_t word;
  unsigned shift;
};

}  // namespace

unsigned History::Block::count(std::uint64_t hash) const {
  unsigned least = kCountMax;
  for (unsigned row = 0; row < kRows; ++row) least = std::min(least, Place(hash, row).of(words));
  return least;
}

void History::Block::raise(std::uint64_t hash, unsigned count) {
  for (unsigned row = 0; row < kRows; ++row) {
    const Place place(hash, row);
    const unsigned there = place.of(words);
    if (there < count) words[place.word] += std::uint64_t{count - there} << place.shift;
  }
}

void History::Block::raise(const Block& other) {
  for (std::size_t word = 0; word < words.size(); ++word) {
    for (unsigned shift = 0; shift < 64; shift += 4) {
      const std::uint64_t mask = std::uint64_t{15} << shift;
      words[word] = (words[word] & ~mask) | std::max(words[word] & mask, other.words[word] & mask);
    }
  }
}

unsigned History::count(std::uint32_t name) const {
  if (table_.empty()) return 0;
  const std::uint64_t hash = spread(name);
  return table_[place_of(hash)].count(hash);
}

void History::remember(std::uint32_t name, unsigned count, std::size_t entries) {
  entries = std::max(entries, kEntriesMin);
  const std::size_t wanted = std::bit_ceil(entries / kEntriesPerBlock);
  if (table_.size() < wanted || table_.size() > 2 * wanted) resize(wanted);
  age(entries);
  const std::uint64_t hash = spread(name);
  table_[place_of(hash)].raise(hash, std::min(count, kCountMax));
}

void History::age(std::size_t entries) {
  const std::size_t of_one = kHalvingQuarters * entries;
  for (due_ += 4 * table_.size(); due_ >= of_one; due_ -= of_one) {
    hand_ = (hand_ + 1) & (table_.size() - 1);
    for (std::uint64_t& word : table_[hand_].words) word = (word >> 1) & kLowerThreeBits;
  }
}

void History::resize(std::size_t blocks) {
  std::vector<Block> table(blocks);
  // A larger table repeats the old one, a smaller one folds it. The time that it takes is that of copying.
  for (std::size_t at = 0; !table_.empty() && at < blocks; ++at) table[at] = table_[at & (table_.size() - 1)];
  for (std::size_t at = blocks; at < table_.size(); ++at) table[at & (blocks - 1)].raise(table_[at]);
  table_ = std::move(table);
  due_ = 0;
}

}  // namespace store
