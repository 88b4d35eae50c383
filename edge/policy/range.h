// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/clock.h"
#include "edge/http/message.h"

namespace policy {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive
  std::uint64_t size() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

/// What to do about a request's Range (RFC 9110 14.2) for a 200 whose body has `size` bytes.
struct RangeChoice {
  enum class Kind : std::uint8_t { Whole, Partial, Unsatisfiable };
  Kind kind = Kind::Whole;
  std::vector<ByteRange> parts{};  ///< Partial: one or more, overlapping and adjoining ones merged, in the order first asked for
};
/// If-Range is honoured (strong validators only, 13.1.5). More than `parts_max` ranges, ranges in another unit and malformed
/// ones are ignored: Whole. Only for GET.
RangeChoice choose_range(const http::RequestHead& request, const http::Fields& response, std::uint64_t size,
                         std::size_t parts_max, base::Wall now);

/// A range before it meets a body whose size is known (RFC 9110 14.1.2).
struct OpenRange {
  std::optional<std::uint64_t> first{};
  std::optional<std::uint64_t> last{};  ///< without `first`: length of the suffix
};
/// The one range of a GET that asks for one.
std::optional<OpenRange> only_range(const http::RequestHead& request);

/// A 206's Content-Range (RFC 9110 14.4); nothing if it is absent, repeated or invalid.
struct ContentRange {
  ByteRange range{};
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(const http::Fields& response);

/// "bytes 0-99/200" and "bytes */200".
std::string content_range(const ByteRange& range, std::uint64_t size);
std::string content_range_unsatisfied(std::uint64_t size);

/// The texts around the parts of multipart/byteranges (RFC 9110 14.6): heads[i] goes before part i, `tail` after the last.
struct Multipart {
  std::string content_type{};
  std::vector<std::string> heads{};
  std::string tail{};
  std::uint64_t body_bytes = 0;  ///< of the whole
};
Multipart make_multipart(const std::vector<ByteRange>& parts, std::uint64_t size, std::string_view part_type,
                         std::uint64_t boundary_seed);

}  // namespace policy
