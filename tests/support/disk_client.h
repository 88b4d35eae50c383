// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "edge/base/hash.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/thread_executor.h"

namespace support {

/// Waits until `condition` holds; false after 60 s.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Bytes that only `seed` and the place determine, different for each seed and chunk.
inline std::string body_of(std::uint64_t seed, std::size_t bytes) {
  std::string body(bytes, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (std::size_t at = 0; at < bytes; at += sizeof state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(body.data() + at, &state, std::min(sizeof state, bytes - at));
  }
  return body;
}

class TestDecoded final : public store::Decoded {
 public:
  std::size_t footprint() const override { return sizeof *this; }
};
/// Understands meta bytes that begin with "meta".
inline std::shared_ptr<const store::Decoded> decode_meta(std::string_view meta) {
  if (!meta.starts_with("meta")) return nullptr;
  return std::make_shared<TestDecoded>();
}

inline std::shared_ptr<store::Object> make_object(const std::string& text, store::ObjectId id,
                                                  const std::string& body) {
  auto object = std::make_shared<store::Object>();
  object->key = base::hash128(text);
  object->key_text = text;
  object->id = id;
  object->body_bytes = body.size();
  object->meta = "meta of " + text;
  object->decoded = decode_meta(object->meta);
  if (!body.empty() && body.size() <= base::kChunkBytes) object->body = base::Chunk::copy_of(body);
  return object;
}

/// The same, in as many chunks as it takes.
inline std::shared_ptr<store::Object> make_whole(const std::string& text, store::ObjectId id,
                                                 const std::string& body) {
  auto object = make_object(text, id, body);
  std::vector<base::ChunkRef> chunks;
  for (std::size_t at = 0; at < body.size(); at += base::kChunkBytes) {
    chunks.push_back(base::Chunk::copy_of(std::string_view(body).substr(at, base::kChunkBytes)));
  }
  object->set_body(std::move(chunks));
  return object;
}

/// The body of an object that is whole().
inline std::string body_in(const store::Object& object) {
  if (object.single()) return object.body ? std::string(object.body->view()) : std::string();
  std::string body;
  for (std::uint32_t i = 0; i < object.chunk_count(); ++i) body += object.chunk(i)->view();
  return body;
}

/// Calls a disk as a program would, but waits for the answers. One thread for each client.
class DiskClient {
 public:
  explicit DiskClient(store::Disk& disk, base::Executor& home) : disk_(disk), home_(home) {}

  base::Result<store::ObjectRef> find(const std::string& text) {
    return await<store::ObjectRef>(
        [&](auto answer) { disk_.find(base::hash128(text), text, home_, std::move(answer)); });
  }
  base::Result<base::ChunkRef> read_chunk(const std::string& text, store::ObjectId id, std::uint32_t index) {
    return await<base::ChunkRef>(
        [&](auto answer) { disk_.read_chunk(base::hash128(text), id, index, home_, std::move(answer)); });
  }
  /// Puts a single object and waits until it can be found; its id, or 0 if it was dropped.
  store::ObjectId put(const std::string& text, const std::string& body) {
    const store::ObjectId id = disk_.next_id();
    disk_.put(make_object(text, id, body));
    const bool there = eventually([&] {
      const auto found = find(text);
      return found && (*found)->id == id;
    });
    return there ? id : 0;
  }
  base::Status put_chunk(store::DiskWrite& write, std::uint32_t index, std::string_view bytes) {
    return await<void>(
        [&](auto answer) { write.put(index, base::Chunk::copy_of(bytes), home_, std::move(answer)); });
  }
  /// Writes all chunks of `body`, some at a time; the first error.
  base::Status put_chunks(store::DiskWrite& write, std::string_view body) {
    std::vector<std::future<base::Status>> waiting;
    for (std::uint32_t index = 0; !body.empty(); ++index) {
      auto promise = std::make_shared<std::promise<base::Status>>();
      waiting.push_back(promise->get_future());
      write.put(index, base::Chunk::copy_of(body.substr(0, base::kChunkBytes)), home_,
                [promise](base::Status status) { promise->set_value(std::move(status)); });
      body.remove_prefix(std::min(body.size(), base::kChunkBytes));
    }
    base::Status first;
    for (auto& future : waiting) {
      base::Status status = future.get();
      if (first && !status) first = std::move(status);
    }
    return first;
  }
  base::Result<store::PinRef> commit(store::DiskWrite& write, store::ObjectRef object) {
    return await<store::PinRef>(
        [&](auto answer) { write.commit(std::move(object), home_, std::move(answer)); });
  }
  /// Writes a multi-chunk object; its pin.
  base::Result<store::PinRef> put_large(const std::string& text, store::ObjectId id,
                                        const std::string& body) {
    const auto object = make_object(text, id, body);
    auto write = disk_.begin(object->key, id, body.size());
    if (auto stored = put_chunks(*write, body); !stored) return std::unexpected(stored.error());
    return commit(*write, object);
  }
  /// The whole body of a multi-chunk object that is pinned, or the first error.
  base::Result<std::string> read_body(const store::Object& object) {
    std::string body;
    for (std::uint32_t i = 0; i < object.chunk_count(); ++i) {
      auto chunk = read_chunk(object.key_text, object.id, i);
      if (!chunk) return std::unexpected(chunk.error());
      body += (*chunk)->view();
    }
    return body;
  }

 private:
  template <typename T>
  base::Result<T> await(const std::function<void(store::Answer<T>)>& call) {
    auto promise = std::make_shared<std::promise<base::Result<T>>>();
    auto future = promise->get_future();
    call([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
    return future.get();
  }

  store::Disk& disk_;
  base::Executor& home_;
};

}  // namespace support
