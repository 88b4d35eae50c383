// SPDX-License-Identifier: Apache-2.0
#include "edge/http/h2_fields.h"

#include "edge/http/sending.h"

namespace http {
namespace {

std::uint8_t* bytes_of(std::string_view text) {
  // nghttp2 only reads; its type lacks the const.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

H2Fields::H2Fields(const ResponseHead& head, Head life, SentFields& sent)
    : status_(std::to_string(head.status)) {
  entries_.reserve(head.fields.size() + 2);
  add(":status", status_, NGHTTP2_NV_FLAG_NONE);
  const int flags = life == Head::Kept ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE : 0;
  add_sendable(head.fields, flags, &sent);
  if (head.body_bytes && head.status >= 200 && head.status != 204) {
    length_ = std::to_string(*head.body_bytes);
    add("content-length", length_, NGHTTP2_NV_FLAG_NO_INDEX);
  }
}

H2Fields::H2Fields(const Fields& trailers) {
  entries_.reserve(trailers.size());
  add_sendable(trailers, 0, nullptr);
}

void H2Fields::add_sendable(const Fields& fields, int flags, SentFields* sent) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Fields::Sending sending = sending_of(fields, i);
    if (sending == Fields::Sending::Never) continue;
    const Fields::Field field = fields.at(i);
    const bool again = sending == Fields::Sending::Recurring && sent != nullptr && sent->note(field);
    const bool indexed = again || sending == Fields::Sending::Indexed;
    add(field.name, field.value, flags | (indexed ? 0 : NGHTTP2_NV_FLAG_NO_INDEX));
  }
}

void H2Fields::add(std::string_view name, std::string_view value, int flags) {
  entries_.push_back(
      {bytes_of(name), bytes_of(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)});
}

}  // namespace http
