// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string_view>

#include "edge/http/head_rules.h"

namespace http {

/// Parses HTTP/1.x requests (RFC 9112) one after another: a whole head, then its body as it arrives. One
/// thread.
class H1Parser {
 public:
  /// `on_body` gets pieces of request bodies from within parse_body(), chunked framing taken off.
  explicit H1Parser(std::move_only_function<void(std::string_view)> on_body);
  ~H1Parser();

  /// `head`: complete, with its empty line (see H1HeadScan). Begins a new request.
  std::expected<RawHead, Refusal> parse_head(std::string_view head);

  struct BodyStep {
    std::size_t taken = 0;  ///< bytes of the input that are dealt with
    bool done = false;      ///< the body is complete
    bool bad = false;       ///< the framing is broken
  };
  /// Goes on with the body: gives at most `allowance` bytes to `on_body`. What is not taken has to come
  /// again, with more. Requires: a head with a body, whose end has not been reached.
  BodyStep parse_body(std::string_view bytes, std::size_t allowance);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
