// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "edge/http/message.h"

/// What a request's head must look like before a handler sees it (RFC 9110, 9112, 9113 8). Shared by both
/// protocols. Pure functions, any thread.
namespace http {

/// A head as its parser found it: split, but not judged. Field values are trimmed.
struct RawHead {
  Version version = Version::Http11;
  std::string method{};
  std::string scheme{};     ///< HTTP/2: `:scheme`; HTTP/1.x: filled from an absolute-form target
  std::string authority{};  ///< HTTP/2: `:authority`, empty if absent
  std::string target{};     ///< `:path`, or the request-target as sent
  Fields fields{};          ///< all but pseudo-header fields
  bool ends = false;        ///< HTTP/2: END_STREAM came with the head
};

/// A head that obeys the rules, and what it asks of the connection.
struct CheckedHead {
  RequestHead head{};
  bool keep_alive = false;        ///< HTTP/1.x: the connection may carry another request
  bool expects_continue = false;  ///< the client waits for 100 (Continue)
};

/// Why a request is not answered by a handler.
struct Refusal {
  int status = 400;
  std::string reason{};  ///< a sentence for people: what was found, what is allowed
};

/// Judges and sorts. `scheme` is the connection's, "https" or "http". On success framing and
/// connection-specific fields are gone from `fields`, and Host is in `authority` only.
std::expected<CheckedHead, Refusal> check_head(RawHead raw, std::string_view scheme);
}  // namespace http
