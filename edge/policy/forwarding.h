// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "edge/http/handler.h"
#include "edge/http/message.h"

namespace policy {

/// How requests of one site go to its origin.
struct Towards {
  std::string_view node{};  ///< for Via
  std::string_view host{};  ///< Host, where the site sets it; empty: the client's
  bool caching = true;      ///< the answer may be for all
  bool scheme = true;  ///< answers may depend on the client's scheme: it is in the key, or the same for all
  bool identity = false;  ///< the edge codes bodies itself: one answer, not coded, is for all (RFC 9110 12.5.3)
};

/// The fields of a client's request as they go to the origin, Host with them: hop-by-hop fields are gone, Via
/// (RFC 9110 7.6.3) and CDN-Loop (RFC 8586) have one more member, Forwarded and X-Forwarded-For/-Proto/-Host
/// are set anew, Accept-Encoding is reduced (or `identity`, see Towards). `caching`: gone are also Range and preconditions, since the
/// answer is for all, and what could change the answer but is not in the key: the host's port, the scheme
/// (see Towards), and fields that override host, path or method.
http::Fields fields_to_origin(const http::RequestHead& request, const http::ConnectionInfo& connection,
                              const Towards& towards);

/// Whether fields_to_origin() does not take the field of this lower-case name from the client: it sets it anew, or leaves it out of
/// what is asked for all.
bool is_set_by_edge(std::string_view name);

/// What a trusted proxy says of the client: the last address of X-Forwarded-For, and whether it came by https
/// (X-Forwarded-Proto). Empty where it says nothing, or nothing that can be read.
std::string forwarded_address(const http::Fields& request);
std::string forwarded_scheme(const http::Fields& request);
/// Who asks: on a listener of trusted proxies the address that the nearest of them names, empty if that cannot be read.
std::string client_address(const http::Fields& request, const http::ConnectionInfo& connection);

/// Whether the request has a field by which frameworks let a client name another resource, or another method, than its own.
bool names_another_resource(const http::Fields& request);

/// Whether the request has come through `node` before: its CDN-Loop has the node's id, `selvage-<node>` (RFC
/// 8586 2).
bool has_looped(const http::Fields& request, std::string_view node);

/// Whether the request has a range or preconditions, which a request for all leaves out.
bool is_narrowed(const http::Fields& request);

/// Leaves of a response's trailers those that may stand there (RFC 9110 6.5.1): nothing about the connection, framing, routing,
/// caching, authentication, the content's type, nor a cookie.
void clean_trailers(http::Fields& trailers);

/// Adds this node to the Via of a response that was received from an origin (RFC 9110 7.6.3).
void add_via(http::ResponseHead& response, std::string_view node);

/// Takes from an origin's response what is not passed on: hop-by-hop fields and what Connection names, Surrogate-Key, Cache-Tag,
/// Surrogate-Control, Selvage-Cache-Control; CDN-Cache-Control is for other caches too (RFC 9213 3.1). Adds Date if missing (RFC 9110 6.6.1).
void clean_response(http::Fields& fields, base::Wall now);

}  // namespace policy
