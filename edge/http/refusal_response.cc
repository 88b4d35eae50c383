// SPDX-License-Identifier: Apache-2.0
#include "edge/http/refusal_response.h"

#include "edge/http/date.h"

namespace http {

RefusalResponse response_to(const Refusal& refusal, base::Wall now) {
  RefusalResponse out;
  out.head.status = refusal.status;
  out.head.fields.add("date", format_date(now));
  out.head.fields.add("content-type", "text/plain; charset=utf-8");
  out.head.fields.add("cache-control", "no-store");
  if (refusal.status == 405) out.head.fields.add("allow", "GET, HEAD, OPTIONS");
  out.body = refusal.reason + "\n";
  out.head.body_bytes = out.body.size();
  return out;
}

}  // namespace http
