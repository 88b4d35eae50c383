// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/message.h"
#include "edge/http/sent_fields.h"

namespace http {

/// A response's fields as nghttp2 takes them. Views into the head they were made from, which must outlive
/// this. One thread.
class H2Fields {
 public:
  /// What nghttp2 does with the fields of the head: Once, it copies them; Kept, it reads them when it writes
  /// the frame, so that the head must stay until the frame was sent or was given up (on_frame_send,
  /// on_frame_not_send).
  enum class Head : std::uint8_t { Once, Kept };
  /// `:status`, the fields that may be sent (sending.h), and content-length if it is known. `sent`: by its
  /// connection.
  H2Fields(const ResponseHead& head, Head life, SentFields& sent);
  /// Trailer fields: no pseudo-header fields.
  explicit H2Fields(const Fields& trailers);
  H2Fields(const H2Fields&) = delete;
  H2Fields& operator=(const H2Fields&) = delete;

  const nghttp2_nv* data() const { return entries_.data(); }
  std::size_t size() const { return entries_.size(); }

 private:
  static constexpr std::size_t kUsual = 24;  ///< more are on the heap
  void add(std::string_view name, std::string_view value, int flags);
  void add_sendable(const Fields& fields, int flags, SentFields* sent);

  std::string status_{};
  std::string length_{};
  boost::container::small_vector<nghttp2_nv, kUsual> entries_{};
};

}  // namespace http
