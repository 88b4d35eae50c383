// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/http/fields.h"
#include "edge/policy/stored_response.h"

namespace policy {

/// The content codings that the edge knows (RFC 9110 8.4.1, RFC 7932, RFC 8878), the preferred one first.
enum class Coding : std::uint8_t { Br, Zstd, Gzip };
inline constexpr std::array kCodings = {Coding::Br, Coding::Zstd, Coding::Gzip};
const char* name_of(Coding coding);  ///< as in Content-Encoding

/// What a client says of codings, as qualities from 0 to kQualityMax (RFC 9110 12.5.3).
struct AcceptedCodings {
  std::array<unsigned, kCodings.size()> qualities{};  ///< of kCodings; 0: not accepted
  unsigned identity = 0;                              ///< 0 too if the client does not speak of it
};
AcceptedCodings accepted_codings(const http::Fields& request);
/// The coding in which this client should get a body: that of the highest quality, of several the first of
/// kCodings. Nothing: the client takes none of them, or says that it would rather have the body as it is.
std::optional<Coding> choose_coding(const http::Fields& request);

/// Which responses of a site the edge codes itself.
struct CodingRule {
  std::vector<std::string>
      types{};                     ///< media types in lower case, `*` for any run of characters; empty: none
  std::uint64_t min_bytes = 1024;  ///< of the body, before coding
  std::uint64_t max_bytes = 8ULL << 20;

  bool wants(std::uint64_t bytes) const { return bytes >= min_bytes && bytes <= max_bytes; }
};
/// Whether the edge may code this response, if its size is right: status 200, a media type of the rule's,
/// not coded yet, and no `no-transform` (RFC 9111 5.2.2.6).
bool may_be_coded(const CodingRule& rule, const StoredResponse& response);

/// Says in Vary that the answer depends on Accept-Encoding (RFC 9110 12.5.5); once, however often it is
/// called.
void vary_by_coding(http::Fields& response);
/// Makes the fields of an identity response those of its coded variant: Content-Encoding, a weak entity-tag
/// (RFC 9110 8.8.1), nothing that speaks of the identity's bytes: digests, Content-Length, Accept-Ranges.
void set_coding(http::Fields& response, Coding coding);
/// What is stored of the coded variant of `identity`, whose body has `bytes`: the same for purges.
StoredResponse coded_response(const StoredResponse& identity, Coding coding, std::uint64_t bytes);

}  // namespace policy
