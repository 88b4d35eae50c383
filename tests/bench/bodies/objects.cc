// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bodies/objects.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tests/support/disk_client.h"

namespace bodies {
namespace {

constexpr int kStepsOfADoubling = 8;
const std::string kMeta = "meta" + std::string(300, 'm');  // as large as a head's usual fields

}  // namespace

Objects::Objects(Sizes sizes, std::uint64_t seed) : sizes_(sizes), random_(seed) {
  for (int step = 0; step <= 9 * kStepsOfADoubling; ++step) {
    steps_.push_back(
        static_cast<std::uint64_t>(std::exp2(10 + static_cast<double>(step) / kStepsOfADoubling)));
  }
}

std::uint64_t Objects::any_size() {
  return sizes_ == Sizes::Chunk ? base::kChunkBytes : steps_[random_() % steps_.size()];
}

const base::ChunkRef& Objects::chunk(std::size_t bytes) {
  auto at = std::ranges::lower_bound(chunks_, bytes, {}, &std::pair<std::size_t, base::ChunkRef>::first);
  if (at == chunks_.end() || at->first != bytes) {
    at = chunks_.emplace(at, bytes, base::Chunk::copy_of(support::body_of(bytes, bytes)));
  }
  return at->second;
}

store::ObjectRef Objects::next(store::ObjectId id) {
  auto object = std::make_shared<store::Object>();
  object->key_text = "https://www.test/assets/" + std::to_string(++made_);
  object->key = base::hash128(object->key_text);
  object->id = id;
  object->body_bytes = any_size();
  object->meta = kMeta;
  if (object->body_bytes <= base::kChunkBytes) object->body = chunk(object->body_bytes);
  return object;
}

store::Decoder Objects::decoder() {
  return [decoded = std::make_shared<const support::TestDecoded>()](std::string_view) { return decoded; };
}

}  // namespace bodies
