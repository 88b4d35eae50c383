// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "origin/fetch/fetch.h"

namespace fetch {

/// Fetches in flight by key: the first request for a key begins one, the others join. One in the process, any thread. A shard's lock is
/// held for a look-up and an insertion; the functions passed in must be short and take no lock of this table.
class FetchTable {
 public:
  struct Joined {
    std::shared_ptr<Fetch> fetch{};
    bool leads = false;  ///< the caller must start the fill
  };

  /// The fetch under `key` if its text is `text` and `accept` agrees; otherwise a new one from `make` takes its place (the old one
  /// goes on for those who have it).
  Joined join(const store::Key& key, std::string_view text, const std::function<bool(const Fetch&)>& accept,
              const std::function<std::shared_ptr<Fetch>()>& make);
  /// The fetch under `key`, if its text is `text`; null if there is none.
  std::shared_ptr<Fetch> find(const store::Key& key, std::string_view text);
  /// Makes `fetch` findable under `key` too (a variant's, once Vary is known), unless another fetch is there:
  /// false then.
  bool add(const store::Key& key, const std::shared_ptr<Fetch>& fetch);
  /// Removes `fetch` from `key`, if it is still the one there.
  void remove(const store::Key& key, const Fetch* fetch);
  /// Has detach(base) retire `fetch` too, whether or under whatever key it can be joined. Until untrack(),
  /// which must come before its end.
  void track(const store::Key& base, Fetch& fetch);
  void untrack(const store::Key& base, const Fetch& fetch);
  /// Takes whatever is under `key` out and retires it: its content has been invalidated.
  void detach(const store::Key& key);
  std::size_t size() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<store::Key, std::shared_ptr<Fetch>> fetches;
    std::unordered_multimap<store::Key, Fetch*> tracked;
  };
  static constexpr std::size_t kShards = 64;
  Shard& shard_of(const store::Key& key) { return shards_[key.high % kShards]; }
  std::array<Shard, kShards> shards_{};
};

}  // namespace fetch
