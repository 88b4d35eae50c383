// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_fields.h"

#include <algorithm>
#include <array>

#include "edge/http/head_rules.h"

namespace http {
namespace {

/// Sorted. Not here, for they differ with each response: age, cache-status, content-length, content-range,
/// date, etag, expires, last-modified, location, set-cookie.
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

std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 copies; its type only lacks the const.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

bool repeats(std::string_view name) { return std::ranges::binary_search(kRepeating, name); }

H2Fields::H2Fields(const ResponseHead& head) : status_(std::to_string(head.status)) {
  entries_.reserve(head.fields.size() + 2);
  add(":status", status_);
  add_sendable(head.fields);
  if (head.body_bytes && head.status >= 200 && head.status != 204) {
    length_ = std::to_string(*head.body_bytes);
    add("content-length", length_);
  }
}

H2Fields::H2Fields(const Fields& trailers) {
  entries_.reserve(trailers.size());
  add_sendable(trailers);
}

void H2Fields::add_sendable(const Fields& fields) {
  for (const Fields::Field field : fields) {
    if (is_sendable(field)) add(field.name, field.value);
  }
}

void H2Fields::add(std::string_view name, std::string_view value) {
  const auto flags =
      static_cast<std::uint8_t>(repeats(name) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX);
  entries_.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), flags});
}

}  // namespace http
