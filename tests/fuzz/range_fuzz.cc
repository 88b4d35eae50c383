// SPDX-License-Identifier: Apache-2.0
// Input: two bytes of body size, one of the limit, then the Range field.
#include <algorithm>
#include <cstdint>
#include <string>

#include "edge/base/check.h"
#include "edge/policy/range.h"

namespace {

using Kind = policy::RangeChoice::Kind;

void check_parts(const policy::RangeChoice& choice, std::uint64_t body_bytes, std::size_t parts_max) {
  CHECK((choice.kind == Kind::Partial) == !choice.parts.empty());
  CHECK(choice.parts.size() <= parts_max);
  std::vector<policy::ByteRange> sorted = choice.parts;
  std::ranges::sort(sorted, {}, &policy::ByteRange::first);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    CHECK(sorted[i].first <= sorted[i].last && sorted[i].last < body_bytes);
    CHECK(i == 0 || sorted[i - 1].last + 1 < sorted[i].first);
  }
}

void check_multipart(const policy::RangeChoice& choice, std::uint64_t body_bytes) {
  const policy::Multipart multipart =
      policy::make_multipart(choice.parts, body_bytes, "text/plain", body_bytes);
  std::uint64_t total = multipart.tail.size();
  for (const std::string& head : multipart.heads) total += head.size();
  for (const policy::ByteRange& part : choice.parts) total += part.size();
  CHECK(multipart.heads.size() == choice.parts.size() && multipart.body_bytes == total);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::uint64_t body_bytes = data[0] | (std::uint64_t{data[1]} << 8);
  const std::size_t parts_max = data[2];
  http::RequestHead request;
  request.method = "GET";
  request.fields.add("range", {reinterpret_cast<const char*>(data) + 3, size - 3});
  for (const std::uint64_t total : {body_bytes, UINT64_MAX}) {
    const policy::RangeChoice choice = policy::choose_range(request, {}, total, parts_max, {});
    check_parts(choice, total, parts_max);
    if (total == body_bytes) check_multipart(choice, total);
  }
  return 0;
}
