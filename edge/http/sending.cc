// SPDX-License-Identifier: Apache-2.0
#include "edge/http/sending.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "edge/http/syntax.h"

namespace http {
namespace {

constexpr std::array<std::string_view, 6> kOurs{"connection",       "content-length",    "keep-alive",
                                                "proxy-connection", "transfer-encoding", "upgrade"};

/// Of one client or one response, or such as nghttp2 never indexes.
constexpr std::array<std::string_view, 5> kOnce{"age", "content-range", "etag", "location", "set-cookie"};

/// Sorted. Not here, for they differ from object to object or from second to second: cache-status, date,
/// expires, last-modified.
constexpr std::array<std::string_view, 22> kRepeating{":status",
                                                      "accept-ranges",
                                                      "access-control-allow-headers",
                                                      "access-control-allow-methods",
                                                      "access-control-allow-origin",
                                                      "alt-svc",
                                                      "cache-control",
                                                      "content-encoding",
                                                      "content-language",
                                                      "content-type",
                                                      "cross-origin-resource-policy",
                                                      "permissions-policy",
                                                      "pragma",
                                                      "referrer-policy",
                                                      "server",
                                                      "strict-transport-security",
                                                      "timing-allow-origin",
                                                      "vary",
                                                      "via",
                                                      "x-content-type-options",
                                                      "x-frame-options",
                                                      "x-xss-protection"};
static_assert(std::ranges::is_sorted(kRepeating));

}  // namespace

Fields::Sending judge_sending(Fields::Field field) {
  if (std::ranges::find(kOurs, field.name) != kOurs.end()) return Fields::Sending::Never;
  if (!is_token(field.name) || !is_field_value(field.value)) return Fields::Sending::Never;
  if (std::ranges::binary_search(kRepeating, field.name)) return Fields::Sending::Indexed;
  const bool once = std::ranges::find(kOnce, field.name) != kOnce.end();
  return once ? Fields::Sending::Literal : Fields::Sending::Recurring;
}

void note_sending(Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) fields.set_sending(i, judge_sending(fields.at(i)));
}

}  // namespace http
