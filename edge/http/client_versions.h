// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "edge/base/clock.h"

namespace http {

/// Which servers are asked over HTTP/1.1 although HTTP/2 is preferred. libcurl 7.88 takes an HTTP/1.1
/// connection that is in use for one that can be shared, once it has seen HTTP/2 from the same server, and
/// then gives responses to the wrong requests (curl issue 4885). So a connection whose version was left to
/// the server carries HTTP/1.1 only while nothing is known of HTTP/2 there, and requests that are sure to be
/// HTTP/1.1 have connections of their own. Owned by the Multi; home thread only.
class ServerVersions {
 public:
  /// Whether a request to `server` should be HTTP/1.1 from the start.
  bool http1_only(const std::string& server, base::Steady now) const;
  /// A request whose version is left to the server has a connection, which speaks HTTP/2 or does not. False:
  /// it must not go over that one.
  bool may_go(const std::string& server, bool http2, base::Steady now);

 private:
  struct Server {
    bool http2_seen = false;
    base::Steady http1_until{};
  };
  std::unordered_map<std::string, Server> servers_{};
};

}  // namespace http
