// SPDX-License-Identifier: Apache-2.0
// Invariant: an Outgoing has bytes in the shared buffer or in its own, never in both, so their order is never
// in question.
#include "edge/loop/outgoing.h"

#include <cstring>
#include <memory>
#include <utility>

namespace loop {

struct Outgoing::Shared {
  std::unique_ptr<char[]> bytes{};  ///< of kSharedBytes, made by the first use on this thread
  std::size_t size = 0;
  Outgoing* user = nullptr;  ///< whose bytes they are
  std::string_view view() const { return {bytes.get(), size}; }
};

Outgoing::Shared& Outgoing::shared() {
  static thread_local Shared shared;
  return shared;
}

Outgoing::~Outgoing() {
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
  if (own_begin_ > own_.size() / 2) {  // moving less than was sent: at most one move for each byte
    own_.erase(0, own_begin_);
    own_begin_ = 0;
  }
  own_.append(bytes);
}

Transport::Io Outgoing::flush() {
  Shared& buffer = shared();
  if (buffer.user == this) {
    const auto [io, sent] = socket_.send(buffer.view());
    if (sent < buffer.size) keep(buffer.view().substr(sent));
    buffer.user = nullptr;
    buffer.size = 0;
    return io;
  }
  if (own_.empty()) return Transport::Io::Ok;
  const auto [io, sent] = socket_.send(std::string_view(own_).substr(own_begin_));
  own_begin_ += sent;
  if (own_begin_ == own_.size()) {
    std::string().swap(own_);
    own_begin_ = 0;
  }
  return io;
}

std::size_t Outgoing::pending() const {
  const Shared& buffer = shared();
  return buffer.user == this ? buffer.size : own_.size() - own_begin_;
}

}  // namespace loop
