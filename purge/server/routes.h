// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edge/http/handler.h"
#include "purge/server/auth.h"

namespace purgeapi {

struct Call;
struct Refusal;

/// One operation of the API.
struct Route {
  std::string_view method;
  /// A path; "{}" stands for one segment, "{*}" at the end for all that follows, "?" and "/" too.
  std::string_view pattern;
  std::uint8_t roles;  ///< any of these
  std::unique_ptr<http::Handler> (*make)(Call);
};

/// What stands for the variable parts of `pattern` in a request's target; nothing if it does not match.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view target);

/// A call that one of the operations takes.
struct Routed {
  const Route* route = nullptr;
  std::vector<std::string> names{};
};
/// Which operation `head` is for and whether its caller's roles allow it: 403, 404 or 405 if not.
std::variant<Routed, Refusal> route_of(const http::RequestHead& head, const Token& caller);

}  // namespace purgeapi
