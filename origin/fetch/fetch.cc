// SPDX-License-Identifier: Apache-2.0
// Invariants, under mutex_:
//   * the window holds chunks window_first_ … ; all bytes below published_ that are not in it are on disk, or
//     (fetches that are not kept) below every reader's offset;
//   * bytes below published_ never change; only the writer touches those above, without the lock;
//   * states go Waiting -> Streaming -> Complete, Waiting -> Answered, and from any to Failed but Complete and Answered.
#include "origin/fetch/fetch.h"

#include <algorithm>

#include "edge/base/check.h"

namespace fetch {

using base::kChunkBytes;

Fetch::~Fetch() {
  if (account_ != nullptr) account_->fetch_sub(accounted_, std::memory_order_relaxed);
}

void Fetch::set_account(std::atomic<std::uint64_t>& bytes) {
  const std::scoped_lock lock(mutex_);
  account_ = &bytes;
}

void Fetch::open(std::shared_ptr<const policy::StoredResponse> head, Sharing sharing, bool kept,
                 std::optional<std::uint64_t> total, std::string variant, base::Steady at) {
  const std::scoped_lock lock(mutex_);
  CHECK(view_.state == State::Waiting);
  view_.state = State::Streaming;
  view_.head = std::move(head);
  view_.sharing = sharing;
  view_.kept = kept;
  view_.total = total;
  view_.variant = std::move(variant);
  view_.head_at = at;
  signal_readers();
}

void Fetch::set_stored(store::Key key, store::ObjectId id) {
  const std::scoped_lock lock(mutex_);
  stored_key_ = key;
  stored_id_ = id;
}

void Fetch::stop_keeping() {
  const std::scoped_lock lock(mutex_);
  view_.kept = false;
  trim_window();
  signal_readers();
}

void Fetch::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t used = static_cast<std::size_t>(published_ % kChunkBytes);
    if (used == 0) {
      std::size_t capacity = kChunkBytes;
      if (view_.total && *view_.total > published_) {
        capacity = static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, *view_.total - published_));
      }
      filling_ = base::Chunk::make(capacity);
      const std::scoped_lock lock(mutex_);
      window_.push_back(filling_);
      released_.push_back(false);
    }
    const std::size_t taken = filling_->append(bytes);
    if (taken == 0) break;  // more than the head announced: the exchange reports that
    bytes.remove_prefix(taken);
    const std::scoped_lock lock(mutex_);
    published_ += taken;
    account();
    if (bytes.empty()) signal_readers();
  }
}

base::ChunkRef Fetch::chunk(std::uint32_t index) {
  const std::scoped_lock lock(mutex_);
  CHECK(index >= window_first_ && index - window_first_ < window_.size());
  return window_[index - window_first_];
}

void Fetch::release(std::uint32_t index) {
  const std::scoped_lock lock(mutex_);
  if (index < window_first_ || index - window_first_ >= window_.size()) return;
  released_[index - window_first_] = true;
  if (view_.kept) trim_window();
}

void Fetch::set_trailers(http::Fields fields) {
  const std::scoped_lock lock(mutex_);
  view_.trailers = std::make_shared<const http::Fields>(std::move(fields));
}

void Fetch::complete() {
  const std::scoped_lock lock(mutex_);
  if (view_.state != State::Streaming) return;
  view_.state = State::Complete;
  // An answer to HEAD and a 304 have no body: their length is what the origin said, or unknown.
  if (published_ > 0) view_.total = published_;
  signal_readers();
}

void Fetch::settle(store::ObjectRef object) {
  const std::scoped_lock lock(mutex_);
  if (view_.state != State::Streaming && view_.state != State::Complete) return;
  view_.settled = true;
  view_.object = std::move(object);
  signal_readers();
}

void Fetch::set_pin(store::PinRef pin) {
  const std::scoped_lock lock(mutex_);
  pin_ = std::move(pin);
}

void Fetch::answer(store::ObjectRef object, base::Steady at) {
  const std::scoped_lock lock(mutex_);
  CHECK(view_.state == State::Waiting);
  view_.state = State::Answered;
  view_.object = std::move(object);
  view_.head_at = at;
  signal_readers();
}

void Fetch::answer_stale(store::ObjectRef object, base::Error error, std::optional<int> status,
                         base::Steady at) {
  const std::scoped_lock lock(mutex_);
  CHECK(view_.state == State::Waiting);
  view_.state = State::Answered;
  view_.object = std::move(object);
  view_.stale = true;
  view_.error = std::move(error);
  view_.failed_status = status;
  view_.head_at = at;
  signal_readers();
}

void Fetch::fail(base::Error error, NoPart no_part) {
  const std::scoped_lock lock(mutex_);
  if (view_.state == State::Complete || view_.state == State::Answered) return;
  view_.state = State::Failed;
  view_.error = std::move(error);
  view_.no_part = no_part;
  signal_readers();
}

std::size_t Fetch::cut_laggards() {
  const std::scoped_lock lock(mutex_);
  const auto waits = [this](const Reader::Place& place) { return !place.cut && place.offset >= published_; };
  if (view_.kept || std::ranges::none_of(readers_, waits)) return 0;
  const std::uint64_t begin = std::uint64_t{window_first_} * kChunkBytes;
  const std::uint64_t bound = begin + (published_ - begin) / 2;
  std::size_t count = 0;
  for (Reader::Place& place : readers_) {
    if (place.cut || place.offset >= bound) continue;
    place.cut = true;
    place.wake.signal();
    ++count;
  }
  trim_window();
  return count;
}

std::uint64_t Fetch::body_bytes() const {
  const std::scoped_lock lock(mutex_);
  return published_;
}

std::uint64_t Fetch::window_bytes() const {
  const std::scoped_lock lock(mutex_);
  return held_bytes();
}

std::uint64_t Fetch::held_bytes() const {
  return published_ - std::min(published_, std::uint64_t{window_first_} * kChunkBytes);
}

void Fetch::account() {
  if (account_ == nullptr) return;
  const std::uint64_t held = held_bytes();
  account_->fetch_add(held - accounted_, std::memory_order_relaxed);
  accounted_ = held;
}

std::size_t Fetch::readers() const {
  const std::scoped_lock lock(mutex_);
  return readers_.size();
}

bool Fetch::was_shared() const {
  const std::scoped_lock lock(mutex_);
  return readers_ever_ > 1;
}

Fetch::View Fetch::view() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

void Fetch::signal_readers() {
  for (const Reader::Place& place : readers_) place.wake.signal();
}

// Drops chunks from the old end: those on disk, or for a fetch that is not kept those that every reader has read. A chunk
// that is still being written stays.
void Fetch::trim_window() {
  std::uint64_t read_by_all = 0;
  if (!view_.kept) {
    read_by_all = published_;
    for (const Reader::Place& place : readers_) {
      if (!place.cut) read_by_all = std::min(read_by_all, place.offset);
    }
  }
  while (!window_.empty()) {
    const std::uint64_t end = (std::uint64_t{window_first_} + 1) * kChunkBytes;
    const bool over = view_.kept ? released_.front() : end <= read_by_all;
    if (!over || end > published_) break;
    window_.pop_front();
    released_.pop_front();
    ++window_first_;
  }
  account();
}

Fetch::Reader::Reader(std::shared_ptr<Fetch> fetch, base::Wakeup::Sender wake) : fetch_(std::move(fetch)) {
  const std::scoped_lock lock(fetch_->mutex_);
  ++fetch_->readers_ever_;
  place_ = fetch_->readers_.insert(fetch_->readers_.end(), Place{std::move(wake), 0});
}

Fetch::Reader::~Reader() {
  {
    const std::scoped_lock lock(fetch_->mutex_);
    fetch_->readers_.erase(place_);
    fetch_->trim_window();
  }
  fetch_->writer_.signal();
}

Fetch::Read Fetch::Reader::read(std::uint64_t offset, std::size_t max, base::Slice& out) {
  Fetch& f = *fetch_;
  const std::scoped_lock lock(f.mutex_);
  if (f.view_.state == State::Failed || place_->cut) return Read::Failed;
  if (offset >= f.published_) return f.view_.state == State::Complete ? Read::End : Read::Later;
  const auto index = static_cast<std::uint32_t>(offset / kChunkBytes);
  if (index < f.window_first_) return f.stored_id_ != 0 ? Read::OnDisk : Read::Failed;
  const base::ChunkRef& chunk = f.window_[index - f.window_first_];
  const std::size_t begin = static_cast<std::size_t>(offset % kChunkBytes);
  const std::uint64_t in_chunk = std::min<std::uint64_t>(f.published_ - offset, kChunkBytes - begin);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(in_chunk, max));
  out = {chunk, {chunk->data() + begin, size}};
  return Read::Data;
}

void Fetch::Reader::advance(std::uint64_t offset) {
  Fetch& f = *fetch_;
  bool moved = false;
  {
    const std::scoped_lock lock(f.mutex_);
    place_->offset = offset;
    if (!f.view_.kept) {
      const std::uint32_t before = f.window_first_;
      f.trim_window();
      moved = f.window_first_ != before;
    }
  }
  if (moved) f.writer_.signal();
}

store::Key Fetch::Reader::stored_key() const {
  const std::scoped_lock lock(fetch_->mutex_);
  return fetch_->stored_key_;
}

store::ObjectId Fetch::Reader::stored_id() const {
  const std::scoped_lock lock(fetch_->mutex_);
  return fetch_->stored_id_;
}

}  // namespace fetch
