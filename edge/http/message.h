// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edge/http/fields.h"

namespace http {

enum class Version : std::uint8_t { Http10, Http11, Http2 };
/// "HTTP/1.0", "HTTP/1.1", "HTTP/2" as logs and Via use them.
const char* name_of(Version version);

/// A request's head, the same for all protocol versions: pseudo-header fields and request line are members,
/// Host is in `authority` only, framing fields (Content-Length, Transfer-Encoding, Connection and what it names) are gone
/// from `fields` and told by `body` below.
struct RequestHead {
  Version version = Version::Http11;
  std::string method{};     ///< as sent, case-sensitive
  std::string scheme{};     ///< "https" or "http", of the connection
  std::string authority{};  ///< lower case, as sent: host with optional port
  std::string target{};     ///< path and query as sent, begins with "/"; or "*" (OPTIONS)
  Fields fields{};
  bool has_body = false;                      ///< a body follows (it may turn out empty)
  std::optional<std::uint64_t> body_bytes{};  ///< its declared length
};

/// A response's head. Framing is not in `fields`: the session writes it from `body_bytes`.
struct ResponseHead {
  int status = 0;
  Fields fields{};
  /// Length of the body if it is known (for HEAD and 304: what Content-Length should say).
  std::optional<std::uint64_t> body_bytes{};
  Version version = Version::Http11;  ///< as received; a session sends in its own
};

/// Whether a response to `method` with `status` has no body whatever its fields say (RFC 9110 6.4.1).
bool has_no_body(const std::string& method, int status);

}  // namespace http
