// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/message.h"

/// HTTP/1.1 responses as text (RFC 9112 4 to 7). Pure functions, any thread.
namespace http {

/// How the client learns where the body ends.
enum class H1Framing : std::uint8_t {
  None,     ///< no body by the rules of method and status: a known length is told all the same
  Length,   ///< Content-Length
  Chunked,  ///< Transfer-Encoding: chunked
  Close,    ///< the end of the connection
};

/// What the response says of the connection.
enum class H1Connection : std::uint8_t { Silent, KeepAlive, Close };

/// Appends status line and fields. Fields that may not be sent (sending.h) are left out.
void write_head(const ResponseHead& head, H1Framing framing, H1Connection connection, std::string& out);
/// The line before a chunk of `bytes` bytes; the chunk is followed by CR LF.
std::string chunk_line(std::size_t bytes);
/// The last chunk with trailer fields (null: none).
std::string last_chunk(const Fields* trailers);
/// "Not Found"; empty for codes without one.
std::string_view reason_phrase(int status);

}  // namespace http
