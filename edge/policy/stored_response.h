// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "edge/policy/cache_control.h"

namespace policy {

/// What the cache keeps of a response beside its body: enough to answer, to judge and to revalidate without the origin.
struct StoredResponse {
  enum class Kind : std::uint8_t {
    Response,
    VaryMarker,  ///< the list of fields that choose one (the first step of a look-up under Vary)
    Sliced,      ///< of an object of which only parts are here: head as of a 200, no body
    Part,        ///< a run of a body; head as of a 200
    Alias,       ///< another name of what part_of names
  };

  Kind kind = Kind::Response;
  int status = 200;
  http::Fields fields{};  ///< as to be sent: hop-by-hop, framing, Age and tag fields are gone; Cache-Status
                          ///< is that of other caches
  http::Fields hidden{};           ///< for this cache alone, never sent: a 304 is judged together with them (RFC 9213 2.2)
  std::uint64_t body_bytes = 0;
  base::Wall request_time{};       ///< when the request that brought (or last validated) it was sent (RFC 9111 4.2.3)
  base::Wall response_time{};
  std::chrono::seconds initial_age{0};   ///< corrected_initial_age of RFC 9111 4.2.3
  std::chrono::seconds lifetime{0};      ///< freshness lifetime, the site's rules applied; negative never
  std::chrono::seconds stale_while_revalidate{0};
  std::chrono::seconds stale_if_error{0};
  bool must_revalidate = false;    ///< never stale: must-revalidate, proxy-revalidate, s-maxage
  bool no_cache = false;           ///< validate before each use
  bool immutable = false;

  // For purges.
  std::string site{};
  std::string host{};
  std::string url{};
  std::vector<std::string> tags{};
  std::vector<std::string> groups{};  ///< Cache-Groups (RFC 9875)
  std::string variant{};           ///< variant_text() of the request that brought it; empty without Vary
  std::uint64_t fill_stamp = 0;    ///< purge clock when the request was sent (or last validated)

  // VaryMarker only.
  std::vector<std::string> vary{};
  std::uint64_t generation = 0;    ///< part of the variants' keys: a new marker orphans the variants of the old one

  // Sliced and Part only.
  std::uint64_t whole_bytes = 0;  ///< length of the whole body
  std::uint64_t part_first = 0;   ///< Part: place of its first byte
  std::string part_of{};          ///< Part, Alias: key text of what it is a part or a name of
  std::string range{};            ///< Part that is no slice: the Range that brought it; the fields have its Content-Range

  std::string_view etag() const;          ///< empty if none
  std::string_view last_modified() const; ///< empty if none
  std::size_t footprint() const;
};

/// To the bytes that the store keeps, and back; nothing if they are damaged or of an unknown version.
std::string encode(const StoredResponse& response);
std::optional<StoredResponse> decode(std::string_view bytes);

}  // namespace policy
