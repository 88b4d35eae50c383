// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/http/fields.h"

namespace http {

/// Takes out of a head, or of trailers, what concerns this hop only (RFC 9110 7.6.1): the fields of the
/// connection and those that Connection names. What all recipients must see stays, whatever Connection says
/// of it. Content-Length and Host are left to whoever reads them.
void remove_hop_by_hop(Fields& fields);

}  // namespace http
