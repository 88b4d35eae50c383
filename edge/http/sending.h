// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/http/fields.h"

/// What a session has to know of a response's or trailer's field before it writes it. Pure functions, any thread.
namespace http {

/// Never: it is no token with a value free of control characters, or it is about framing or the connection, which the
/// session writes itself. Indexed: worth a place in HPACK's dynamic table (RFC 7541 2.3.2), since its values repeat from
/// response to response. Recurring: worth one if the connection has just sent the same (SentFields), as a date within a second;
/// else it would push out what repeats, and cost the insertion each time. Literal: never, as it is too large or may be a secret.
Fields::Sending judge_sending(Fields::Field field);
/// What has been noted of the field, if anything has; else it is judged.
inline Fields::Sending sending_of(const Fields& fields, std::size_t index) {
  const Fields::Sending noted = fields.sending(index);
  return noted != Fields::Sending::Unknown ? noted : judge_sending(fields.at(index));
}
/// Finds that out for all fields and notes it with them: for what is sent again and again.
void note_sending(Fields& fields);

}  // namespace http
