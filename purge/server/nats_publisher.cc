// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nats_publisher.h"

#include "edge/base/text.h"
#include "purge/server/nats_reader.h"

namespace purgeapi {
namespace {

using base::Errc;
using namespace std::chrono_literals;

constexpr auto kRetryPause = 100ms;

}  // namespace

void NatsPublisher::append(PurgeLog::Append request, PurgeLog::Appended done) {
  const auto batch = std::make_shared<Batch>(Batch{.request = std::move(request), .done = std::move(done)});
  batch->left = batch->request.purges.size();
  batch->numbers.resize(batch->left);
  batch->deadline = home_.clock().steady() + limit_;
  // With a key the first decides whether this is a second request.
  const std::size_t now = batch->request.request_key.empty() ? batch->left : 1;
  for (std::size_t i = 0; i < now; ++i) publish(batch, i);
}

JournalEntry NatsPublisher::entry_of(const Batch& batch, std::size_t index) const {
  JournalEntry entry{
      .at_ms = batch.request.at_ms, .purge = batch.request.purges[index], .asker = batch.request.asker};
  if (index == 0) {
    entry.request_key = batch.request.request_key;
    entry.digest = batch.request.digest;
  }
  return entry;
}

void NatsPublisher::publish(const BatchPtr& batch, std::size_t index) {
  std::string id;
  if (!batch->request.request_key.empty()) {
    id = base::hex(batch->request.request_key) + '-' + std::to_string(index);
  }
  stream_.publish(nats_payload_of(entry_of(*batch, index)), id,
                  [this, batch, index, head = host_.head()](base::Result<nats::Stream::Stored> stored) {
                    // What was stored after the head was known has a number above it, or the head was lost.
                    const bool again = stored && !stored->duplicate && stored->sequence <= head;
                    if (again) host_.given_again(stored->sequence);
                    if (again && batch->done) {
                      return finish(batch, base::fail(Errc::Unavailable,
                                                      "the purge log's stream has lost entries; try again"));
                    }
                    published(batch, index, std::move(stored));
                  });
}

void NatsPublisher::published(const BatchPtr& batch, std::size_t index,
                              base::Result<nats::Stream::Stored> stored) {
  if (!batch->done) return;
  if (!stored) return retry(batch, index, stored.error());
  if (stored->duplicate && index == 0) return compare(batch, stored->sequence);
  accepted(batch, index, *stored);
}

// The key was there before, from another request or from an attempt of this one.
void NatsPublisher::compare(const BatchPtr& batch, Sequence sequence) {
  stream_.get(sequence, [this, batch, sequence](base::Result<std::string> payload) {
    if (!batch->done) return;
    if (!payload && payload.error().code != Errc::NotFound) return retry(batch, 0, payload.error());
    const auto before = payload ? entry_of_nats(sequence, *payload) : std::unexpected(payload.error());
    if (before && before->digest != batch->request.digest) {
      return finish(batch,
                    base::fail(Errc::Exists, "this idempotency key came with another body before, as purge " +
                                                 std::to_string(sequence)));
    }
    accepted(batch, 0, {.sequence = sequence, .duplicate = true});
  });
}

void NatsPublisher::accepted(const BatchPtr& batch, std::size_t index, const nats::Stream::Stored& stored) {
  batch->numbers[index] = stored.sequence;
  if (stored.duplicate) {
    host_.was_stored(stored.sequence);
  } else {
    JournalEntry entry = entry_of(*batch, index);
    entry.sequence = stored.sequence;
    host_.stored(std::move(entry));
  }
  if (--batch->left == 0) return finish(batch, std::move(batch->numbers));
  if (index != 0 || batch->request.request_key.empty()) return;
  for (std::size_t i = 1; i < batch->numbers.size(); ++i) publish(batch, i);
}

void NatsPublisher::retry(const BatchPtr& batch, std::size_t index, const base::Error& error) {
  if (error.code == Errc::Invalid || home_.clock().steady() + kRetryPause > batch->deadline) {
    return finish(batch, std::unexpected(error));
  }
  again_.emplace_back(batch, index);
  if (timer_.running()) return;
  timer_.start(kRetryPause, [this] {
    for (const auto& [waiting, which] : std::exchange(again_, {})) {
      if (waiting->done) publish(waiting, which);
    }
  });
}

void NatsPublisher::finish(const BatchPtr& batch, base::Result<std::vector<Sequence>> result) {
  auto done = std::exchange(batch->done, nullptr);
  done(std::move(result));
}

}  // namespace purgeapi
