// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "edge/http/message.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/freshness.h"
#include "edge/policy/stored_response.h"

namespace policy {

/// How a request meets the cache.
enum class Handling : std::uint8_t {
  Cache,  ///< GET and HEAD: look up, coalesce, store
  Pass,   ///< OPTIONS and unsafe methods; GET with a body
};
Handling handling(const http::RequestHead& request);
/// POST, PUT, DELETE, PATCH and unknown methods: a non-error answer invalidates the URL (RFC 9111 4.4).
bool is_unsafe(std::string_view method);

/// Why a response may not be stored (RFC 9111 3); Yes: it may.
enum class Storable : std::uint8_t {
  Yes,
  Status,
  NoStore,
  Private,
  Authorization,
  VaryStar,
  Bypass,
  Expired,
  PartialContent,
  Method,
  RequestNoStore,
  Cookie,
};
const char* name_of(Storable why);
/// The reason lies in this one request (Authorization, Method, RequestNoStore): it must not be remembered for the key, or a client could
/// keep others from the cache.
bool is_of_request(Storable why);
/// `request` as it was sent to the origin (the answer to a HEAD has no body to store), `response` as it came: before
/// clean_response(). Expired: neither fresh nor of use when stale.
Storable storable(const http::RequestHead& request, const http::ResponseHead& response, const TtlRule& rule,
                  base::Wall request_time, base::Wall response_time);
/// Whether the answer to a POST is stored for later GETs: it says its freshness and that it is what a GET of the same URL would
/// bring, by Content-Location (RFC 9110 9.3.3). `server_port`: where it was received; another one in its authority could have
/// changed the answer, and is not in the key.
bool is_cacheable_post(const http::RequestHead& request, const http::ResponseHead& response, const TtlRule& rule,
                       std::uint16_t server_port, base::Wall request_time, base::Wall response_time);
/// Whether an error of the server that is not stored may all the same be given to those who wait for it: each
/// asking again would make things worse. Not if anything says that it is for one client.
bool may_share_error(const http::RequestHead& request, const http::ResponseHead& response);

/// The head that a 200 would have had in place of this 206, of a whole of `total` bytes (RFC 9110 15.3.7).
http::ResponseHead whole_of(http::ResponseHead partial, std::uint64_t total);

/// Notes tags and the fields that are for caches like this one alone, of `fields` as they came.
void note_hidden(StoredResponse& out, const http::Fields& fields);

/// What to keep of a final response, given as it came: before clean_response(). Tags come from Surrogate-Key (spaces) and
/// Cache-Tag (commas).
StoredResponse make_stored(std::string_view site, const CacheKey& key, const http::ResponseHead& response, const TtlRule& rule,
                           base::Wall request_time, base::Wall response_time, std::uint64_t fill_stamp);
/// Whether a 304 is about this stored response (RFC 9111 4.3.4): a 304 with another entity-tag is not, and must not freshen it.
bool confirms(const StoredResponse& stored, const http::ResponseHead& not_modified);
/// A stored response freshened by a 304 (RFC 9111 3.2, 4.3.4): new fields, times, lifetime, tags (if the 304 has any) and stamp; same body.
/// Kept as they are: what describes the stored body (Content-Length, -Encoding, -Range, -MD5, digests, ETag); a 304's Set-Cookie is
/// for whoever caused the validation and is not stored. A 304 that says no-store or private leaves a response that is validated before each use.
StoredResponse freshened(const StoredResponse& stored, const http::ResponseHead& not_modified, const TtlRule& rule,
                         base::Wall request_time, base::Wall response_time, std::uint64_t fill_stamp);

}  // namespace policy
