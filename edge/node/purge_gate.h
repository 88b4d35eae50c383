// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "edge/base/executor.h"
#include "edge/http/exchange.h"
#include "edge/http/token_bucket.h"
#include "edge/node/config.h"

namespace node {

/// The way of purges from the edge's clients to the purge API: where it is, and how many may go there. One
/// for all loops, any thread.
class PurgeGate {
 public:
  explicit PurgeGate(const Config& config);

  /// One of the places for purges that are under way; given back at its end.
  class Place {
   public:
    explicit Place(PurgeGate& gate) : gate_(&gate) {}
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Place() {
      if (gate_ != nullptr) gate_->under_way_.fetch_sub(1);
    }

   private:
    PurgeGate* gate_;
  };
  /// Nothing if all are taken.
  std::optional<Place> enter();
  /// Whether one more purge of `site` is within its rate.
  bool take(const Site& site, base::Steady now);
  /// A key that no other purge has (Idempotency-Key).
  std::string next_key();

  const std::shared_ptr<const http::ServerOptions>& server() const { return server_; }

  // For metrics.
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};  ///< by us or by the API
  std::atomic<std::uint64_t> failed{0};   ///< the API was away

 private:
  const std::uint32_t places_;
  const std::string key_prefix_;
  const std::shared_ptr<const http::ServerOptions> server_;
  std::atomic<std::uint32_t> under_way_{0};
  std::atomic<std::uint64_t> keys_{0};
  std::mutex mutex_;
  struct Rate {
    std::uint32_t per_second = 0;
    http::TokenBucket bucket;
  };
  std::map<std::string, Rate, std::less<>> rates_{};  ///< by site's name; under mutex_
};

}  // namespace node
