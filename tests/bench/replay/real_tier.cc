// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/replay/real_tier.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "edge/node/decoded.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace replay {
namespace {

constexpr std::uint64_t kAmple = 1ULL << 30;

double cpu_nanoseconds() {
  std::timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

policy::StoredResponse stored_response(std::uint32_t number) {
  const http::ResponseHead head = support::response(200, {{"content-type", "text/javascript"},
                                                          {"cache-control", "public, max-age=86400"},
                                                          {"etag", "\"" + std::to_string(number) + "\""},
                                                          {"last-modified", support::date(0)},
                                                          {"date", support::date(60)}});
  return policy::make_stored("www", {}, head, {}, support::at(60), support::at(60), 1);
}

/// Bytes of the object's body that were there, and whether all of it was, its head too.
struct Found {
  bool all = true;
  std::uint64_t bytes = 0;
};

Found request_whole(store::MemoryTier& tier, const store::ObjectRef& object) {
  const bool hit = tier.find(object->key, object->key_text) != nullptr;
  if (!hit) tier.insert(object);
  return {hit, hit ? object->body_bytes : 0};
}

Found request_large(store::MemoryTier& tier, Objects& objects, const store::ObjectRef& object, bool filled) {
  Found found;
  // What was fetched once is found on disk, head first; the origin's fill puts the head last.
  found.all = tier.find(object->key, object->key_text) != nullptr;
  if (!found.all && filled) tier.insert(object);
  for (std::uint32_t index = 0; index < object->chunk_count(); ++index) {
    const std::size_t size = object->chunk_size(index);
    if (filled && tier.find_chunk(object->id, index)) {
      found.bytes += size;
      continue;
    }
    found.all = false;
    tier.insert_chunk(object->id, index, objects.chunk(size));
  }
  if (!filled) tier.insert(object);
  return found;
}

}  // namespace

Objects::Objects(const Trace& trace, std::uint64_t whole_max) {
  store::MemoryTier scale({.budget_bytes = kAmple, .shards = 1});
  for (std::uint32_t number = 0; number < trace.sizes.size(); ++number) {
    objects_.push_back(make(number, trace.sized ? trace.sizes[number] : 1024, whole_max));
    costs_.push_back(cost_of(scale, *objects_.back()));
  }
}

store::ObjectRef Objects::make(std::uint32_t number, std::uint64_t size, std::uint64_t whole_max) {
  policy::CacheKey key = policy::cache_key("www", {}, support::get("/assets/" + std::to_string(number)));
  policy::StoredResponse response = stored_response(number);
  response.body_bytes = size;
  const store::Key hash = base::hash128(key.text);
  auto object = node::make_object(hash, std::move(key.text), number + 1, std::move(response));
  if (size == 0 || size > std::max<std::uint64_t>(whole_max, base::kChunkBytes)) return object;
  std::vector<base::ChunkRef> chunks;
  for (std::uint32_t index = 0; index < object->chunk_count(); ++index) chunks.push_back(chunk(object->chunk_size(index)));
  object->set_body(std::move(chunks));
  return object;
}

std::uint64_t Objects::cost_of(store::MemoryTier& scale, const store::Object& object) {
  scale.insert(std::make_shared<store::Object>(object));
  if (!object.whole()) {
    for (std::uint32_t index = 0; index < object.chunk_count(); ++index)
      scale.insert_chunk(object.id, index, chunk(object.chunk_size(index)));
  }
  const std::uint64_t bytes = scale.use().bytes;
  scale.set_budget(0);
  scale.set_budget(kAmple);
  return bytes;
}

const base::ChunkRef& Objects::chunk(std::size_t size) {
  base::ChunkRef& chunk = chunks_[size];
  if (!chunk) {
    chunk = base::Chunk::make(size);
    chunk->grow(size);
  }
  return chunk;
}

Outcome replay_real(const Trace& trace, Objects& objects, const store::MemoryTier::Options& options) {
  store::MemoryTier tier(options);
  std::vector<bool> seen(trace.sizes.size());
  Outcome outcome{.requests = trace.requests.size()};
  const double begin = cpu_nanoseconds();
  for (const std::uint32_t number : trace.requests) {
    const store::ObjectRef& object = objects.object(number);
    const Found found =
        object->whole() ? request_whole(tier, object) : request_large(tier, objects, object, seen[number]);
    seen[number] = true;
    outcome.hits += found.all;
    outcome.bytes += object->body_bytes;
    outcome.hit_bytes += found.bytes;
  }
  outcome.nanoseconds = (cpu_nanoseconds() - begin) / static_cast<double>(outcome.requests);
  outcome.evictions = tier.use().evictions;
  return outcome;
}

Outcome replay_simulated(const Trace& trace, Simulated& cache) {
  Outcome outcome{.requests = trace.requests.size()};
  for (const std::uint32_t number : trace.requests) {
    const bool hit = cache.request(number);
    outcome.hits += hit;
    outcome.bytes += trace.sizes[number];
    outcome.hit_bytes += hit ? trace.sizes[number] : 0;
  }
  return outcome;
}

}  // namespace replay
