// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "edge/base/executor.h"
#include "purge/nats/stream.h"

namespace nats {

/// Looks whether the stream still has the entries that it had: behind another server of the cluster, or a
/// leaf node, it may lose its last ones and give their numbers again unseen. Asked with each beat, it reads
/// the entry that was the newest one a beat ago, but for one that has stayed the newest since. Lives on the
/// stream's thread.
class Witness {
 public:
  struct Entry {
    std::uint64_t number = 0;
    std::uint64_t print = 0;  ///< as `print_of` its payload
  };
  /// Nothing: the payload cannot be compared.
  using PrintOf = std::function<std::optional<std::uint64_t>(std::string_view payload)>;
  /// `given_again` hears of a number that has another entry now; it may call forget().
  Witness(Stream& stream, PrintOf print_of, std::function<void(std::uint64_t number)> given_again)
      : stream_(stream), print_of_(std::move(print_of)), given_again_(std::move(given_again)) {}

  /// `newest`: the newest entry that is known here.
  void look(const Place& place, std::optional<Entry> newest);
  /// What was known is of no use any more.
  void forget();

 private:
  void compare(const Entry& entry, const Place& place, std::string_view payload);

  Stream& stream_;
  const PrintOf print_of_;
  const std::function<void(std::uint64_t)> given_again_;
  std::optional<Entry> before_{};  ///< a beat ago
  std::string good_at_{};          ///< Place::last_at when the newest entry was last found right
  std::uint64_t round_ = 0;        ///< answers of earlier ones do not count
  base::Anchor anchor_{};
};

}  // namespace nats
