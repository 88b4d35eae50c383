// SPDX-License-Identifier: Apache-2.0
#include "edge/node/routing.h"

#include <string>
#include <utility>

#include "edge/policy/cache_key.h"
#include "edge/policy/forwarding.h"

namespace node {
namespace {

std::optional<Synthetic> plain_answer(const Config& config, const Site& site,
                                      const http::RequestHead& request) {
  switch (site.plain) {
    case PlainMode::Serve: return {};
    case PlainMode::Off:
      return Synthetic{.status = 421, .text = "site \"" + site.name + "\" is served over https only\n"};
    case PlainMode::Redirect: break;
  }
  std::string location = "https://" + policy::host_of(request.authority);
  if (config.https_port != 443) location += ":" + std::to_string(config.https_port);
  if (request.target.starts_with('/')) location += request.target;
  return Synthetic{
      .status = 308, .text = "this site is served over https\n", .location = std::move(location)};
}

}  // namespace

Route route(const Config& config, const http::ConnectionInfo& connection, const http::RequestHead& request) {
  Route out;
  const std::string host = policy::host_of(request.authority);
  out.site = config.sites.find(host);
  if (out.site == nullptr) {
    out.answer = Synthetic{.status = 421, .text = "no site here is called \"" + host + "\"\n"};
    return out;
  }
  if (policy::has_looped(request.fields, config.node)) {
    out.answer = Synthetic{.status = 508, .text = "this request has come through here before (CDN-Loop)\n"};
    return out;
  }
  // A trusted proxy says by which scheme its client came.
  const bool secure = connection.tls || (connection.trust_forwarded && request.scheme == "https");
  if (!secure) out.answer = plain_answer(config, *out.site, request);
  if (!out.answer && request.target == "*") {
    out.answer = Synthetic{.status = 204, .allow = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"};
  }
  return out;
}

}  // namespace node
