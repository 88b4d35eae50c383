// SPDX-License-Identifier: Apache-2.0
// Invariant: an Outgoing has bytes in the shared buffer or in its own, never in both, so their order is never
// in question.
#include "edge/loop/outgoing.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace loop {

struct Outgoing::Shared {
  std::unique_ptr<char[]> bytes{};  ///< of kSharedBytes, made by the first use on this thread
  std::size_t size = 0;
  Outgoing* user = nullptr;  ///< whose bytes they are
  std::size_t kept = 0;      ///< memory of all own chunks of this thread
  std::string_view view() const { return {bytes.get(), size}; }
};

Outgoing::Shared& Outgoing::shared() {
  static thread_local Shared shared;
  return shared;
}

Outgoing::~Outgoing() {
  while (!own_.empty()) drop_first();
  Shared& buffer = shared();
  if (buffer.user != this) return;
  buffer.user = nullptr;
  buffer.size = 0;
}

void Outgoing::append(std::string_view bytes) {
  if (bytes.empty()) return;
  Shared& buffer = shared();
  if (own_.empty() && buffer.user != this) {
    if (buffer.user != nullptr) buffer.user->leave_shared();
    buffer.user = this;
    if (!buffer.bytes) buffer.bytes = std::make_unique_for_overwrite<char[]>(kSharedBytes);
  }
  if (own_.empty() && buffer.size + bytes.size() > kSharedBytes) leave_shared();
  if (buffer.user == this) {
    std::memcpy(buffer.bytes.get() + buffer.size, bytes.data(), bytes.size());
    buffer.size += bytes.size();
  } else {
    keep(bytes);
  }
}

void Outgoing::leave_shared() {
  Shared& buffer = shared();
  keep(buffer.view());
  buffer.user = nullptr;
  buffer.size = 0;
}

void Outgoing::keep(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, base::kChunkBytes);
    own_.push_back(base::Chunk::copy_of(piece));
    shared().kept += own_.back()->footprint();
    bytes.remove_prefix(piece.size());
  }
}

void Outgoing::drop_first() {
  shared().kept -= own_.front()->footprint();
  own_.erase(own_.begin());
  own_begin_ = 0;
  if (own_.empty()) own_.shrink_to_fit();
}

Transport::Io Outgoing::flush() {
  Shared& buffer = shared();
  if (buffer.user == this) {
    const auto [io, sent] = socket_.send(buffer.view());
    if (sent < buffer.size) {
      keep(buffer.view().substr(sent));
      was_full_ = true;
    } else if (sent >= burst_) {
      burst_ = std::min(2 * burst_, kBurstBytes);
    }
    buffer.user = nullptr;
    buffer.size = 0;
    return io;
  }
  while (!own_.empty()) {
    const auto [io, sent] = socket_.send(own_.front()->view().substr(own_begin_));
    own_begin_ += sent;
    if (own_begin_ == own_.front()->size()) drop_first();
    if (io != Transport::Io::Ok) return io;
  }
  return Transport::Io::Ok;
}

std::size_t Outgoing::pending() const {
  const Shared& buffer = shared();
  if (buffer.user == this) return buffer.size;
  std::size_t sum = 0;
  for (const base::ChunkRef& chunk : own_) sum += chunk->size();
  return sum - own_begin_;
}

std::size_t Outgoing::allowance() const {
  if (!own_.empty()) return 0;
  if (shared().kept >= kKeptBytes || burst_ == kRecordBytes) return kRecordBytes;
  return was_full_ ? std::clamp(socket_.room(), kRecordBytes, burst_) : burst_;
}

}  // namespace loop
