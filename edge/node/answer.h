// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/http/handler.h"
#include "edge/node/bytes.h"
#include "edge/policy/cache_status.h"
#include "edge/policy/range.h"
#include "edge/policy/stored_response.h"

namespace node {

/// A response as it goes to one client: the stored one with the client's preconditions and ranges applied, and the fields that differ
/// from answer to answer.
struct Answer {
  http::ResponseHead head{};
  bool with_body = true;
  std::vector<policy::ByteRange> parts{};        ///< empty: the whole
  std::optional<policy::Multipart> multipart{};  ///< several parts
};

struct AnswerFacts {
  std::optional<std::uint64_t> total{};  ///< length of the whole body, if it is known
  bool from_cache = true;                ///< Age is added; preconditions and ranges are the cache's business
  policy::CacheStatus status{};
  std::size_t ranges_max = 50;
  bool in_order = false;  ///< what has been read of the body is gone: parts can only follow one another
  std::uint64_t boundary_seed = 0;
  std::string peer_clock{};  ///< for another edge: our place on the purge clock; then it gets tags too
  base::Wall now{};
};
Answer make_answer(const http::RequestHead& request, const policy::StoredResponse& stored, const AnswerFacts& facts);

/// An answer from a fragment (a Part that is no slice): `run` of the whole, which lies within it, or nothing: the fragment as the origin
/// sent it.
Answer make_fragment_answer(const http::RequestHead& request, const policy::StoredResponse& fragment,
                            const AnswerFacts& facts, std::optional<policy::ByteRange> run);

/// The body of an answer over `bytes`.
std::unique_ptr<http::BodySource> make_body(const Answer& answer, std::unique_ptr<Bytes> bytes,
                                            std::optional<std::uint64_t> total);

/// A short text answer that the edge makes itself: errors and redirects. `text` says what was found and what is allowed.
struct Synthetic {
  int status = 500;
  std::string text{};
  std::string location{};
  std::string allow{};
  bool retry_later = false;  ///< adds Retry-After
  std::string_view detail{};  ///< why, for Cache-Status and Proxy-Status (RFC 9209); empty: neither
};
http::ResponseHead synthetic_head(const Synthetic& synthetic, std::string_view node, base::Wall now);
std::unique_ptr<http::BodySource> text_body(std::string text);

}  // namespace node
