// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "edge/http/exchange.h"

namespace http {

/// The body of a request that is all there already.
inline BodyReader text_body(std::string text) {
  return [text = std::move(text), at = std::size_t{0}](char* room, std::size_t size) mutable {
    const std::size_t bytes = text.copy(room, size, at);
    at += bytes;
    return BodyPiece{.bytes = bytes, .end = at == text.size()};
  };
}

}  // namespace http
