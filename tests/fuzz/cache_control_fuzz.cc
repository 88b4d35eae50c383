// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "edge/base/check.h"
#include "edge/policy/cache_control.h"

namespace {

bool in_bounds(const std::optional<std::uint32_t>& value) {
  return value.value_or(0) <= policy::kDeltaSecondsMax;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const policy::CacheControl cc = policy::parse_cache_control_text(text);
  CHECK(in_bounds(cc.max_age) && in_bounds(cc.s_maxage) && in_bounds(cc.max_stale) &&
        in_bounds(cc.min_fresh));
  CHECK(in_bounds(cc.stale_while_revalidate) && in_bounds(cc.stale_if_error));

  // Whatever stands before it, a restriction at the end is seen, and nothing that held is lost.
  const policy::CacheControl more = policy::parse_cache_control_text(text + ", no-store, private, max-age=0");
  CHECK(more.no_store && more.is_private && more.max_age == 0U);
  CHECK(more.no_cache >= cc.no_cache && more.must_revalidate >= cc.must_revalidate);
  CHECK(more.s_maxage == cc.s_maxage && more.stale_if_error == cc.stale_if_error);
  return 0;
}
