// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_status.h"

#include "edge/base/check.h"

namespace policy {
namespace {

/// The hit or fwd parameter (RFC 9211 2.1, 2.2); they exclude one another.
const char* verdict(const CacheStatus& status) {
  switch (status.outcome) {
    case Outcome::Hit: return "; hit";
    // Stale while the origin is asked in the background is a hit; after the origin was asked in vain it was
    // forwarded.
    case Outcome::Stale: return status.forwarded ? "; fwd=stale" : "; hit";
    case Outcome::Revalidated: return "; fwd=stale";
    case Outcome::Expired: return "; fwd=stale";
    case Outcome::Miss: return status.partial ? "; fwd=partial" : "; fwd=uri-miss";
    case Outcome::Collapsed: return "; fwd=uri-miss";
    case Outcome::Pass: return "; fwd=bypass";
    case Outcome::Synthetic: return "";
  }
  CHECK(false);
}

/// A String of RFC 8941 3.3.3: printable ASCII, with quote and backslash escaped; what does not fit is left
/// out.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c < ' ' || c > '~') continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Hit: return "hit";
    case Outcome::Stale: return "stale";
    case Outcome::Revalidated: return "revalidated";
    case Outcome::Miss: return "miss";
    case Outcome::Expired: return "expired";
    case Outcome::Collapsed: return "collapsed";
    case Outcome::Pass: return "pass";
    case Outcome::Synthetic: return "synthetic";
  }
  CHECK(false);
}

std::string format(const CacheStatus& status) {
  std::string out = "selvage";
  out += verdict(status);
  if (status.fwd_status) out += "; fwd-status=" + std::to_string(*status.fwd_status);
  if (status.stored) out += "; stored";
  if (status.collapsed || status.outcome == Outcome::Collapsed) out += "; collapsed";
  if (status.ttl) out += "; ttl=" + std::to_string(status.ttl->count());
  if (!status.detail.empty()) out += "; detail=" + quoted(status.detail);
  return out;
}

}  // namespace policy
