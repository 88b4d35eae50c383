// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "edge/http/handler.h"

namespace purgeapi {

/// Why a request gets no success.
struct Refusal {
  int status = 500;
  const char* code = "";  ///< for programs: "invalid", "forbidden", …
  std::string text{};     ///< for people: what was found, what is allowed
  std::string allow{};    ///< of 405
  int number = 0;         ///< Cloudflare's code; 0: by the status
  std::string pointer{};  ///< where in the body, as a JSON pointer; for Cloudflare's clients
  http::Fields fields{};  ///< more of the response's fields
};
/// {"error":{"code","message"}}
std::string to_json(const Refusal& refusal);
/// For an error of the log: 422 of an idempotency key with another body, 413 of what is too large, else 503.
Refusal unavailable(const base::Error& error);
/// 503 while it drains.
Refusal going_down();

/// Sends a whole text of any length.
void respond(http::ResponseWriter& writer, int status, std::string_view type, std::string text,
             http::Fields fields);

/// The parameters of "/path?a=1&b=2" as they stand there, percent signs and all.
using Query = std::map<std::string, std::string, std::less<>>;
Query query_of(std::string_view target);
/// With percent-encoded bytes decoded; what is no such code stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace purgeapi
