// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge/http/handler.h"
#include "edge/policy/cache_status.h"

namespace node {

/// What one line of the access log is made of. Views; used during the call.
struct AccessFacts {
  const http::RequestHead& head;
  const http::ConnectionInfo& connection;
  const http::Delivery& delivery;
  std::string_view site{};
  policy::Outcome outcome = policy::Outcome::Synthetic;
  base::Steady begun{};
  std::optional<base::Duration> origin_time{};
  base::Wall at{};
};

/// One request as a JSON object on one line. Times are milliseconds with three digits; members are listed in docs/operations.md.
std::string access_line(const AccessFacts& facts);

/// Appends `text` as a JSON string: bytes that are not ASCII are escaped as the code points of the same number, so that a log of whatever clients
/// send is always valid JSON.
void append_json_text(std::string& out, std::string_view text);

}  // namespace node
