// SPDX-License-Identifier: Apache-2.0
#include "origin/server/file_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace origin {
namespace {

constexpr std::size_t kReadBytes = 2 * base::kChunkBytes;

}  // namespace

FileSource::FileSource(FilePool& pool, base::Executor& home, std::shared_ptr<const Descriptor> file,
                       std::vector<BodyPart> parts, std::function<void()> resume)
    : pool_(pool),
      home_(home),
      file_(std::move(file)),
      parts_(std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end())),
      resume_(std::move(resume)) {}

http::Pull FileSource::pull(std::size_t max, base::Slice& out) {
  read_ahead();
  if (ready_.empty()) {
    if (failed_) return http::Pull::Failed;
    waiting_ = reading_;
    return reading_ ? http::Pull::Later : http::Pull::End;
  }
  base::Slice& front = ready_.front();
  const std::size_t size = std::min(max, front.bytes.size());
  out = {front.chunk, front.bytes.substr(0, size)};
  front.bytes.remove_prefix(size);
  ready_bytes_ -= size;
  if (front.bytes.empty()) ready_.pop_front();
  return http::Pull::Data;
}

void FileSource::read_ahead() {
  while (!reading_ && !failed_ && !parts_.empty() && ready_bytes_ < kReadBytes) {
    BodyPart& part = parts_.front();
    if (part.size == 0) {
      if (!part.text.empty()) ready_.push_back(base::slice_of(part.text));
      ready_bytes_ += part.text.size();
      parts_.pop_front();
      continue;
    }
    const std::uint64_t first = part.first;
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(part.size, kReadBytes));
    part.first += size;
    part.size -= size;
    if (part.size == 0) parts_.pop_front();
    reading_ = true;
    pool_.run(
        home_, [file = file_, first, size] { return read(*file, first, size); },
        anchor_.wrap([this](Read done) { take(std::move(done)); }));
  }
}

FileSource::Read FileSource::read(const Descriptor& file, std::uint64_t first, std::size_t size) {
  Read out;
  while (size > 0) {
    base::ChunkRef chunk = base::Chunk::make(std::min(size, base::kChunkBytes));
    while (!chunk->room().empty()) {
      const ssize_t n =
          ::pread(file.get(), chunk->room().data(), chunk->room().size(), static_cast<off_t>(first));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return out;  // cut short by hand, or a broken disk
      chunk->grow(static_cast<std::size_t>(n));
      first += static_cast<std::uint64_t>(n);
    }
    size -= chunk->size();
    out.chunks.push_back(std::move(chunk));
  }
  out.whole = true;
  return out;
}

void FileSource::take(Read read) {
  reading_ = false;
  failed_ = !read.whole;
  for (base::ChunkRef& chunk : read.chunks) {
    ready_bytes_ += chunk->size();
    const std::string_view bytes = chunk->view();
    ready_.push_back({std::move(chunk), bytes});
  }
  if (std::exchange(waiting_, false)) resume_();
}

}  // namespace origin
