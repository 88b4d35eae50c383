// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <vector>

#include "edge/http/message.h"

namespace http {

/// A response's fields as nghttp2 takes them. Views into the head they were made from, which must outlive
/// this. One thread.
class H2Fields {
 public:
  /// `:status`, the fields that may be sent (see is_sendable), and content-length if it is known.
  explicit H2Fields(const ResponseHead& head);
  /// Trailer fields: no pseudo-header fields.
  explicit H2Fields(const Fields& trailers);
  H2Fields(const H2Fields&) = delete;
  H2Fields& operator=(const H2Fields&) = delete;

  const nghttp2_nv* data() const { return entries_.data(); }
  std::size_t size() const { return entries_.size(); }

 private:
  void add(std::string_view name, std::string_view value);
  void add_sendable(const Fields& fields);

  std::string status_{};
  std::string length_{};
  std::vector<nghttp2_nv> entries_{};
};

/// Whether a field is worth a place in HPACK's dynamic table: its values repeat from response to response.
/// All else would push out what does, and costs the insertion each time.
bool repeats(std::string_view name);

}  // namespace http
