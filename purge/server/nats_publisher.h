// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "edge/base/executor.h"
#include "purge/nats/stream.h"
#include "purge/server/purge_log.h"

namespace purgeapi {

/// Puts purges into the stream and answers when it has stored them. What did not get through is sent again
/// until its time is over; a purge that has an idempotency key is stored once all the same, one without may
/// then be there twice, which does no harm. Lives on the engine's thread.
class NatsPublisher {
 public:
  /// What the engine knows of the stream, and hears of it.
  class Host {
   public:
    virtual ~Host() = default;
    virtual Sequence head() const = 0;
    /// An entry is in the stream.
    virtual void stored(JournalEntry entry) = 0;
    /// An entry is in the stream, but put there by an earlier request, which has another time than this one.
    virtual void was_stored(Sequence sequence) = 0;
    /// The stream gave a number that was another entry's: it has lost entries.
    virtual void given_again(Sequence sequence) = 0;
  };

  NatsPublisher(base::Executor& home, nats::Stream& stream, std::chrono::milliseconds limit, Host& host)
      : home_(home), stream_(stream), limit_(limit), host_(host), timer_(home) {}

  /// `done` is called on the engine's thread.
  void append(PurgeLog::Append request, PurgeLog::Appended done);

 private:
  struct Batch {
    PurgeLog::Append request{};
    PurgeLog::Appended done{};  ///< null once it was answered
    std::vector<Sequence> numbers{};
    std::size_t left = 0;
    base::Steady deadline{};
  };
  using BatchPtr = std::shared_ptr<Batch>;
  void publish(const BatchPtr& batch, std::size_t index);
  void published(const BatchPtr& batch, std::size_t index, base::Result<nats::Stream::Stored> stored);
  void compare(const BatchPtr& batch, Sequence sequence);
  void accepted(const BatchPtr& batch, std::size_t index, const nats::Stream::Stored& stored);
  void retry(const BatchPtr& batch, std::size_t index, const base::Error& error);
  static void finish(const BatchPtr& batch, base::Result<std::vector<Sequence>> result);
  JournalEntry entry_of(const Batch& batch, std::size_t index) const;

  base::Executor& home_;
  nats::Stream& stream_;
  const std::chrono::milliseconds limit_;
  Host& host_;
  std::vector<std::pair<BatchPtr, std::size_t>> again_{};
  base::Timer timer_;
  base::Anchor anchor_{};
};

}  // namespace purgeapi
