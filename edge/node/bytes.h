// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "edge/base/executor.h"
#include "edge/http/handler.h"
#include "edge/node/context.h"
#include "origin/fetch/fetch.h"

namespace node {

/// A body that can be read at any offset, wherever its bytes lie: the one place that knows of memory, disk and running fetches. Lives on a
/// request's loop and calls `ready` there when what was Later may be there.
class Bytes {
 public:
  virtual ~Bytes() = default;
  /// At most `max` bytes at `offset`. End: the body is shorter.
  virtual http::Pull read(std::uint64_t offset, std::size_t max, base::Slice& out) = 0;
  /// After End: the trailer fields that came with it, or null.
  virtual const http::Fields* trailers() { return nullptr; }
};
using Ready = std::function<void()>;

/// The body of a whole() object.
std::unique_ptr<Bytes> bytes_of_whole(store::ObjectRef object);

/// The chunks of a stored object, from the memory tier or from disk (with one chunk of read-ahead). `pin` keeps them there.
class StoredChunks {
 public:
  /// Coming: of a fetch, whose readers are not yet a reason to keep it.
  enum class Source { Kept, Coming };
  StoredChunks(Context& context, store::Key key, store::ObjectId id, Ready ready, Source source = Source::Kept);
  http::Pull read(std::uint64_t offset, std::size_t max, base::Slice& out);
  /// One past the last chunk, once it is known: bounds the read-ahead.
  void set_end(std::uint32_t chunks) { end_ = chunks; }

 private:
  base::ChunkRef in_memory(std::uint32_t index, bool is_use);
  void want(std::uint32_t index);
  void arrived(std::uint32_t index, base::Result<base::ChunkRef> chunk);

  Context& context_;
  store::Key key_;
  store::ObjectId id_;
  Ready ready_;
  Source source_;
  std::uint32_t end_ = 0;
  std::uint32_t current_index_ = 0;
  base::ChunkRef current_{};
  std::map<std::uint32_t, base::ChunkRef> ahead_{};  ///< empty: under way
  bool failed_ = false;
  base::Anchor anchor_{};
};

/// The body of a stored object whose chunks are kept by themselves.
std::unique_ptr<Bytes> bytes_of_chunks(Context& context, store::ObjectRef object, store::PinRef pin, Ready ready);

/// The body of a fetch, running or complete. `reader` is shared with the request, which watches through it.
std::unique_ptr<Bytes> bytes_of_fetch(Context& context, std::shared_ptr<fetch::Fetch::Reader> reader, Ready ready);

}  // namespace node
