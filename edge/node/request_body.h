// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "edge/http/exchange.h"

namespace node {

/// A client's request body on its way to the origin: filled by the request, drained by the exchange, on one loop. Bounded by the session's
/// window: credit is returned when bytes leave. Shared by the request and the fill.
class RequestBody {
 public:
  /// `credit(bytes)` returns window to the client; `ready()` tells the exchange that there is more.
  std::function<void(std::size_t)> credit{};
  std::function<void()> ready{};

  void push(std::string_view bytes);
  void end();
  void fail();  ///< the client has gone
  http::BodyPiece read(char* room, std::size_t size);

 private:
  std::deque<std::string> pieces_{};
  std::size_t offset_ = 0;  ///< in the first piece
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace node
