// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/status.h"

namespace policy {

bool is_heuristically_cacheable(int status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501: return true;
    default: return false;
  }
}

// Those of RFC 9110 15 whose responses a cache may store as they are: not 1xx, 206 and 304.
bool is_understood(int status) {
  if (status >= 200 && status <= 205) return true;
  if (status >= 300 && status <= 308) return status != 304 && status != 306;
  if (status >= 400 && status <= 417) return true;
  if (status >= 500 && status <= 505) return true;
  return status == 421 || status == 422 || status == 426;
}

}  // namespace policy
