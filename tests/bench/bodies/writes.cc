// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/writes.h"

#include <algorithm>
#include <utility>

namespace bodies {

/// A commit that waits for its answer.
struct Writes::Large {
  std::unique_ptr<store::DiskWrite> write{};
  Clock::time_point begin{};
  std::uint64_t bytes = 0;
};

void Writes::write(std::uint64_t bytes) {
  for (const std::uint64_t end = bytes_ + bytes; bytes_ < end;) write_one();
}

void Writes::write_until(Clock::time_point end, double bytes_a_second) {
  const auto begin = Clock::now();
  const std::uint64_t before = bytes_;
  while (Clock::now() < end) {
    const std::chrono::duration<double> due(static_cast<double>(bytes_ - before) / bytes_a_second);
    std::unique_lock lock(mutex_);
    // Nothing makes it true: the deadline ends it.
    answered_.wait_until(lock, begin + std::chrono::duration_cast<Clock::duration>(due),
                         [&] { return Clock::now() >= begin + due; });
    lock.unlock();
    write_one();
  }
}

void Writes::write_one() {
  const store::ObjectRef object = objects_.next(disk_.next_id());
  {
    const std::scoped_lock lock(names_mutex_);
    names_.push_back({object->key, object->key_text, object->id, object->body_bytes});
  }
  bytes_ += object->body_bytes;
  unanswered_ += object->body_bytes;
  if (!object->single()) {
    write_large(object);
    return;
  }
  disk_.put(object);
  if (unanswered_ >= kAnswerEvery) write_empty();
}

void Writes::write_empty() {
  auto object = std::make_shared<store::Object>();
  object->id = disk_.next_id();
  object->key_text = "https://www.test/empty/" + std::to_string(object->id);
  object->key = base::hash128(object->key_text);
  object->meta = "meta";
  auto large = std::make_shared<Large>();
  large->write = disk_.begin(object->key, object->id, 0);
  commit(std::move(large), std::move(object));
}

Name Writes::recent(std::size_t count, std::uint64_t random) const {
  const std::scoped_lock lock(names_mutex_);
  return names_[names_.size() - 1 - random % std::min(count, names_.size())];
}

void Writes::write_large(const store::ObjectRef& object) {
  auto large = std::make_shared<Large>();
  large->write = disk_.begin(object->key, object->id, object->body_bytes);
  for (std::uint32_t i = 0; i < object->chunk_count(); ++i) {
    large->write->put(i, objects_.chunk(object->chunk_size(i)), home_, [this](const base::Status& stored) {
      if (stored) return;
      const std::scoped_lock lock(mutex_);
      ++errors_;
    });
  }
  commit(std::move(large), object);
}

void Writes::commit(std::shared_ptr<Large> large, store::ObjectRef object) {
  large->bytes = std::exchange(unanswered_, 0);
  {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return window_ < kWindow; });
    window_ += large->bytes;
    ++waiting_;
  }
  large->begin = Clock::now();
  store::DiskWrite& write = *large->write;
  write.commit(std::move(object), home_, [this, large = std::move(large)](const auto& stored) {
    const double latency = seconds_since(large->begin);
    const std::scoped_lock lock(mutex_);
    window_ -= large->bytes;
    --waiting_;
    latencies_.push_back(latency);
    errors_ += stored ? 0 : 1;
    answered_.notify_one();
  });
}

void Writes::drain() {
  // A store may have several queues, and which keys share one is its own affair: so many are in each by
  // chance.
  for (std::size_t i = 0; i < kLastAnswers; ++i) write_empty();
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return waiting_ == 0; });
}

std::vector<double> Writes::take_latencies() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(latencies_, {});
}

}  // namespace bodies
