// SPDX-License-Identifier: Apache-2.0
#include "edge/http/client_versions.h"

#include <chrono>

namespace http {
namespace {

/// After that a server is asked again whether it speaks HTTP/2.
constexpr std::chrono::minutes kHttp1Time{10};

}  // namespace

bool ServerVersions::http1_only(const std::string& server, base::Steady now) const {
  const auto found = servers_.find(server);
  return found != servers_.end() && now < found->second.http1_until;
}

bool ServerVersions::may_go(const std::string& server, bool http2, base::Steady now) {
  Server& known = servers_[server];
  if (http2) {
    known.http2_seen = true;
    return true;
  }
  known.http1_until = now + kHttp1Time;
  return !known.http2_seen;
}

}  // namespace http
