// SPDX-License-Identifier: Apache-2.0
#include "edge/node/request_body.h"

#include <algorithm>
#include <cstring>

namespace node {

void RequestBody::push(std::string_view bytes) {
  if (bytes.empty()) return;
  pieces_.emplace_back(bytes);
  if (ready) ready();
}

void RequestBody::end() {
  ended_ = true;
  if (ready) ready();
}

void RequestBody::fail() {
  failed_ = true;
  credit = nullptr;
  if (ready) ready();
}

http::BodyPiece RequestBody::read(char* room, std::size_t size) {
  if (failed_) return {0, false, true};
  std::size_t taken = 0;
  while (taken < size && !pieces_.empty()) {
    const std::string& piece = pieces_.front();
    const std::size_t n = std::min(size - taken, piece.size() - offset_);
    std::memcpy(room + taken, piece.data() + offset_, n);
    taken += n;
    offset_ += n;
    if (offset_ == piece.size()) {
      pieces_.pop_front();
      offset_ = 0;
    }
  }
  if (taken != 0 && credit) credit(taken);
  return {taken, ended_ && pieces_.empty(), false};
}

}  // namespace node
