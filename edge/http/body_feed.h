// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "edge/http/handler.h"

namespace http {

/// Pulls a response's body and holds it to its declared length: a body that is too short or too long fails
/// before its last byte is sent, so that it can never look complete.
class BodyFeed {
 public:
  struct Piece {
    Pull pull = Pull::Later;
    base::Slice slice{};
    bool last = false;  ///< Data: the body ends with this piece
  };

  /// `declared`: the length that the head tells the client, if it does.
  void open(std::unique_ptr<BodySource> source, std::optional<std::uint64_t> declared);
  /// At most `max` (> 0) bytes. Requires: open, and neither End, Failed nor a last piece came before.
  Piece next(std::size_t max);
  /// After the end: trailer fields, or null.
  const Fields* trailers() const { return source_->trailers(); }
  bool is_open() const { return source_ != nullptr; }
  void close() { source_.reset(); }

 private:
  Pull probe_end();

  std::unique_ptr<BodySource> source_;
  std::optional<std::uint64_t> left_;  ///< of the declared length
};

}  // namespace http
