// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/reads.h"

namespace bodies {

void Reads::run(std::size_t at_once) {
  slots_.resize(at_once);
  running_ = at_once;
  for (Slot& slot : slots_) read(slot);
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return running_ == 0; });
}

void Reads::read(Slot& slot) {
  auto name = next_();
  // What is not there is answered at once, within the call: no such call within a call.
  for (; name && !disk_.holds(name->key, name->id); name = next_()) ++missed_;
  if (!name) {
    const std::scoped_lock lock(mutex_);
    if (--running_ == 0) ended_.notify_one();
    return;
  }
  slot.begin = Clock::now();
  disk_.find(name->key, name->text, home_, [this, &slot, bytes = name->bytes](const auto& object) {
    finish(slot, bytes, object);
    read(slot);
  });
}

void Reads::finish(Slot& slot, std::uint64_t expected_bytes, const base::Result<store::ObjectRef>& object) {
  if (object && (*object)->body && (*object)->body->size() == expected_bytes) {
    ++found_;
    slot.latencies.push_back(seconds_since(slot.begin));
  } else if (!object && object.error().code == base::Errc::NotFound) {
    ++missed_;
  } else {
    ++errors_;
  }
}

std::vector<double> Reads::latencies() const {
  std::vector<double> all;
  for (const Slot& slot : slots_) all.insert(all.end(), slot.latencies.begin(), slot.latencies.end());
  return all;
}

}  // namespace bodies
