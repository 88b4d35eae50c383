// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace store {

/// How often things that have left were used: a count-min sketch (Cormode and Muthukrishnan 2005) of 4-bit
/// counters that are halved from time to time, as in TinyLFU (Einziger, Friedman and Manes 2017), but line
/// after line and not all at once. The four counters of a name lie in one cache line. It may say more than
/// was so, never less. Takes 8 to 16 bytes for each entry of the cache that it serves, and grows and shrinks
/// with it. Not for several threads at once.
class History {
 public:
  static constexpr unsigned kCountMax = 15;

  /// What is remembered of `name`; 0: nothing.
  unsigned count(std::uint32_t name) const;
  /// `name` has left after `count` uses, a cache that held `entries` with it. While one and three quarters as
  /// many leave, each count is halved once.
  void remember(std::uint32_t name, unsigned count, std::size_t entries);
  std::size_t bytes() const { return table_.size() * sizeof(Block); }

 private:
  /// A cache line of counters, a quarter of them for each of the four that a name has.
  struct alignas(64) Block {
    std::array<std::uint64_t, 8> words{};
    unsigned count(std::uint64_t hash) const;
    void raise(std::uint64_t hash, unsigned count);
    void raise(const Block& other);
  };
  std::size_t place_of(std::uint64_t hash) const {
    return static_cast<std::size_t>(hash) & (table_.size() - 1);
  }
  /// Doubling a table that is indexed by low bits changes no answer; folding it in half keeps the higher one.
  void resize(std::size_t blocks);
  /// Halves the counters of as many blocks as are due after one departure.
  void age(std::size_t entries);

  std::vector<Block> table_{};  ///< a power of two, or none yet
  std::size_t hand_ = 0;        ///< the block to be halved next
  std::size_t due_ = 0;         ///< how much of its halving is due, in shares of a departure
};

}  // namespace store
