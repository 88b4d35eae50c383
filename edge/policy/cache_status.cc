// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_status.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "edge/base/check.h"
#include "edge/policy/structured_field.h"

namespace policy {
namespace {

std::string_view token_of(Forward reason) {
  switch (reason) {
    case Forward::Bypass: return "; fwd=bypass";
    case Forward::Method: return "; fwd=method";
    case Forward::UriMiss: return "; fwd=uri-miss";
    case Forward::VaryMiss: return "; fwd=vary-miss";
    case Forward::Miss: return "; fwd=miss";
    case Forward::Request: return "; fwd=request";
    case Forward::Stale: return "; fwd=stale";
    case Forward::Partial: return "; fwd=partial";
  }
  CHECK(false);
}

/// The hit or fwd parameter (RFC 9211 2.1, 2.2); they exclude one another.
std::string_view verdict(const CacheStatus& status) {
  switch (status.outcome) {
    case Outcome::Hit: return "; hit";
    // Stale while the origin is asked in the background is a hit; after the origin was asked in vain it was
    // forwarded.
    case Outcome::Stale: return status.forwarded ? token_of(status.reason.value_or(Forward::Stale)) : "; hit";
    case Outcome::Revalidated:
    case Outcome::Expired: return token_of(status.reason.value_or(Forward::Stale));
    case Outcome::Miss:
    case Outcome::Collapsed: return token_of(status.reason.value_or(Forward::UriMiss));
    case Outcome::Pass: return token_of(status.reason.value_or(Forward::Bypass));
    case Outcome::Synthetic: return "";
  }
  CHECK(false);
}

void append_number(std::string& out, std::string_view name, std::int64_t number) {
  std::array<char, 20> digits;
  out += name;
  out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), number).ptr);
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
  std::string out;
  out.reserve(48);  // of a hit
  out += std::string_view("selvage");
  out += verdict(status);
  if (status.fwd_status) append_number(out, "; fwd-status=", *status.fwd_status);
  if (status.stored) out += "; stored";
  if (status.collapsed || status.outcome == Outcome::Collapsed) out += "; collapsed";
  if (status.ttl) append_number(out, "; ttl=", status.ttl->count());
  if (!status.key.empty()) out += "; key=" + structured_string(status.key);
  if (!status.detail.empty()) out += "; detail=" + structured_string(status.detail);
  return out;
}

std::string with_member(std::string_view upstream, const CacheStatus& status) {
  if (upstream.empty()) return format(status);
  const auto list = parse_list(upstream);
  if (!list || list->empty()) return format(status);
  return std::string(upstream) + ", " + format(status);
}

}  // namespace policy
