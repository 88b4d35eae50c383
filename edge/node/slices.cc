// SPDX-License-Identifier: Apache-2.0
#include "edge/node/slices.h"

#include <algorithm>
#include <utility>

#include "edge/node/fills.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"

namespace node {

using fetch::Fetch;
using http::Pull;
using policy::StoredResponse;

PartOrder slice_order(std::uint64_t index, std::uint64_t slice_bytes, std::string etag,
                      const std::string& whole_text) {
  PartOrder part;
  part.bytes = {index * slice_bytes, (index + 1) * slice_bytes - 1};
  part.range = "bytes=" + std::to_string(part.bytes.first) + "-" + std::to_string(part.bytes.last);
  part.bytes_max = slice_bytes;
  part.etag = std::move(etag);
  part.whole_key = key_of(whole_text);
  part.none_key = no_parts_key(whole_text);
  return part;
}

PartOrder SliceSource::part(std::uint64_t index) const {
  return slice_order(index, slice_bytes, etag, whole_text);
}

// ---- one slice ----

Slice::Slice(Context& context, const SliceSource& source, std::uint64_t index, Ready ready)
    : context_(context),
      source_(source),
      index_(index),
      ready_(std::move(ready)),
      key_text_(part_key_text(source.whole_text, source.part(index).range)),
      key_(key_of(key_text_)),
      wakeup_(context.executor, [this] { on_wake(); }) {
  look_up();
}

Slice::Slice(Context& context, const SliceSource& source, std::uint64_t index, Ready ready,
             std::shared_ptr<Fetch> fetch)
    : context_(context),
      source_(source),
      index_(index),
      ready_(std::move(ready)),
      key_text_(fetch->key_text()),
      key_(fetch->key()),
      wakeup_(context.executor, [this] { on_wake(); }) {
  reader_ = std::make_shared<Fetch::Reader>(std::move(fetch), wakeup_.sender());
  read_from_fetch();
}

void Slice::look_up() {
  if (store::ObjectRef object = context_.shared.memory.find(key_, key_text_)) return found(std::move(object));
  if (!context_.shared.disk.may_have(key_)) return join();
  context_.shared.disk.find(key_, key_text_, context_.executor,
                            anchor_.wrap([this](base::Result<store::ObjectRef> object) {
                              if (!object) return join();
                              promote(context_.shared, *object);
                              found(std::move(*object));
                              tell();
                            }));
}

bool Slice::is_of_version(const StoredResponse& response) const {
  return response.kind == StoredResponse::Kind::Part && response.etag() == source_.etag &&
         response.whole_bytes == source_.whole_bytes;
}

void Slice::found(store::ObjectRef object) {
  const StoredResponse& response = response_of(*object);
  const bool fits = is_of_version(response) && verdict_of(*object, context_.shared.ledger) != purge::Verdict::Dead;
  if (fits && object->whole()) {
    note_use(context_.shared, object, context_.executor.clock().steady());
    bytes_ = bytes_of_whole(std::move(object));
  } else if (fits) {
    if (store::PinRef pin = context_.shared.disk.pin(object->key, object->id)) {
      bytes_ = bytes_of_chunks(context_, std::move(object), std::move(pin), ready_);
    }
  }
  if (bytes_) {
    state_ = State::There;
    return;
  }
  drop(context_.shared, object->key, object->id);
  join();
}

void Slice::join() {
  const purge::Ledger& ledger = context_.shared.ledger;
  const purge::Stamp now = ledger.now();
  const policy::CacheKey& key = source_.order.cache_key;
  auto joined = context_.shared.fetches.join(
      key_, key_text_,
      [&](const Fetch& fetch) {
        const Fetch::View view = fetch.view();
        if (view.head && !is_of_version(*view.head)) return false;
        if (fetch.stamp() >= ledger.now()) return true;
        const purge::Subject subject =
            view.head ? subject_of(*view.head) : purge::Subject{source_.order.site->name, key.host, key.url, {}};
        return ledger.verdict(subject, fetch.stamp()) == purge::Verdict::Live;
      },
      [&] { return std::make_shared<Fetch>(key_, key_text_, now); });
  reader_ = std::make_shared<Fetch::Reader>(joined.fetch, wakeup_.sender());
  leads_ = joined.leads;
  if (!leads_) return wakeup_.sender().signal();  // it may have its head already
  FillOrder order = source_.order;
  order.part = source_.part(index_);
  context_.fills.start(std::move(joined.fetch), std::move(order));
}

void Slice::on_wake() {
  if (state_ == State::There) return tell();
  if (state_ == State::Failed || !reader_) return;
  switch (reader_->fetch().view().state) {
    case Fetch::State::Waiting: return;
    case Fetch::State::Streaming:
    case Fetch::State::Complete: read_from_fetch(); break;
    case Fetch::State::Answered:
    case Fetch::State::Failed: fail(reader_->fetch().view().error, reader_->fetch().view().no_part); break;
  }
  tell();
}

// Another's fetch may have been for another version. If there is none of ours any more, whoever comes next must
// ask which one there is now; if the origin fails, what is here of it stays.
void Slice::fail(base::Error error, Fetch::NoPart no_part) {
  if (!leads_ && !std::exchange(retried_, true)) return join();
  state_ = State::Failed;
  error_ = std::move(error);
  outdated_ = no_part != Fetch::NoPart::No;
  if (!outdated_) return;
  const store::Key whole = key_of(source_.whole_text);
  const store::ObjectRef head = context_.shared.memory.find(whole, source_.whole_text);
  if (!head || response_of(*head).kind != StoredResponse::Kind::Sliced) return;
  if (response_of(*head).etag() != source_.etag) return;
  drop(context_.shared, whole, head->id);
}

// Who is told may end this slice.
void Slice::tell() const {
  const Ready ready = ready_;
  ready();
}

void Slice::read_from_fetch() {
  const Fetch::View view = reader_->fetch().view();
  // A fetch that was begun without an entity-tag in mind may have brought another version, or the whole.
  if (!view.head || view.sharing != Fetch::Sharing::All || !is_of_version(*view.head)) {
    return fail({base::Errc::Unavailable, "another version is there"}, Fetch::NoPart::OtherVersion);
  }
  bytes_ = bytes_of_fetch(context_, reader_, ready_);
  state_ = State::There;
}

// ---- one after the other ----

SlicedBytes::SlicedBytes(Context& context, SliceSource source, Ready ready)
    : context_(context), source_(std::move(source)), ready_(std::move(ready)) {}

void SlicedBytes::seek(std::uint64_t offset) {
  const std::uint64_t index = source_.index_of(offset);
  if (current_ && current_->index() == index) return;
  if (ahead_ && ahead_->index() == index) {
    current_ = std::move(ahead_);
  } else {
    current_ = std::make_unique<Slice>(context_, source_, index, ready_);
  }
}

void SlicedBytes::seek(std::uint64_t offset, std::shared_ptr<Fetch> fetch) {
  current_ = std::make_unique<Slice>(context_, source_, source_.index_of(offset), ready_, std::move(fetch));
}

// The last byte of the run that is being read; what lies between two runs is not fetched.
std::uint64_t SlicedBytes::last_of_run(std::uint64_t offset) const {
  for (const policy::ByteRange& run : runs_) {
    if (run.first <= offset && offset <= run.last) return run.last;
  }
  return runs_.empty() ? source_.whole_bytes - 1 : offset;
}

Pull SlicedBytes::read(std::uint64_t offset, std::size_t max, base::Slice& out) {
  if (offset >= source_.whole_bytes) return Pull::End;
  seek(offset);
  const std::uint64_t next = current_->index() + 1;
  if (next > source_.index_of(last_of_run(offset))) {
    ahead_.reset();
  } else if (!ahead_ || ahead_->index() != next) {
    ahead_ = std::make_unique<Slice>(context_, source_, next, ready_);
  }
  switch (current_->state()) {
    case Slice::State::Waiting: return Pull::Later;
    case Slice::State::Failed: return Pull::Failed;
    case Slice::State::There: break;
  }
  const std::uint64_t begin = current_->index() * source_.slice_bytes;
  const std::uint64_t end = std::min(begin + source_.slice_bytes, source_.whole_bytes);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(max, end - offset));
  const Pull result = current_->bytes().read(offset - begin, size, out);
  return result == Pull::End ? Pull::Failed : result;  // shorter than its head says
}

}  // namespace node
