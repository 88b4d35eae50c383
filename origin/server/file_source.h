// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/executor.h"
#include "edge/http/handler.h"
#include "origin/server/descriptor.h"
#include "origin/server/file_pool.h"

namespace origin {

/// One stretch of a body: a text, or bytes of the file.
struct BodyPart {
  std::string text{};
  std::uint64_t first = 0;
  std::uint64_t size = 0;  ///< 0: the text
};

/// A body from one open file (ranges of it with texts between them for multipart/byteranges). Reads ahead on
/// the pool, never more than two reads of 128 KiB are in memory. All bytes are of the file as it was opened:
/// uploads put a new file in its place. Lives with its handler on the loop.
class FileSource final : public http::BodySource {
 public:
  /// `resume` is called when Pull::Later is over.
  FileSource(FilePool& pool, base::Executor& home, std::shared_ptr<const Descriptor> file,
             std::vector<BodyPart> parts, std::function<void()> resume);

  http::Pull pull(std::size_t max, base::Slice& out) override;

 private:
  struct Read {
    std::vector<base::ChunkRef> chunks{};
    bool whole = false;  ///< all that was asked for
  };

  static Read read(const Descriptor& file, std::uint64_t first, std::size_t size);
  void read_ahead();
  void take(Read read);

  FilePool& pool_;
  base::Executor& home_;
  std::shared_ptr<const Descriptor> file_;
  std::deque<BodyPart> parts_;  ///< not yet read
  std::deque<base::Slice> ready_;
  std::size_t ready_bytes_ = 0;
  std::function<void()> resume_;
  bool reading_ = false;
  bool waiting_ = false;
  bool failed_ = false;
  base::Anchor anchor_;
};

}  // namespace origin
