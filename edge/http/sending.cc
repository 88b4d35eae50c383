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

/// Of one response, or such as nghttp2 never indexes.
constexpr std::array<std::string_view, 4> kOnce{"age", "content-range", "etag", "location"};
/// In names of what may be a secret: a place in the table would let it be guessed by a response's length
/// (RFC 7541 7.1).
constexpr std::array<std::string_view, 5> kSecret{"auth", "cookie", "csrf", "secret", "token"};
/// More would push out too much of the table, which has 4096 usually.
constexpr std::size_t kRecurringBytesMax = 512;

bool may_recur(Fields::Field field) {
  if (field.name.size() + field.value.size() > kRecurringBytesMax) return false;
  if (std::ranges::find(kOnce, field.name) != kOnce.end()) return false;
  return std::ranges::none_of(kSecret, [&](std::string_view part) { return field.name.contains(part); });
}

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
  return may_recur(field) ? Fields::Sending::Recurring : Fields::Sending::Literal;
}

void note_sending(Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) fields.set_sending(i, judge_sending(fields.at(i)));
}

}  // namespace http
