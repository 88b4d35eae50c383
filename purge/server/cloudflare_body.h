// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "purge/clock/purge.h"
#include "purge/server/answer.h"
#include "purge/server/compat.h"

namespace purgeapi {

/// What a body of Cloudflare's API asks for.
struct CloudflareAsk {
  std::vector<purge::Purge> purges{};  ///< one for each selector; of files up to two
  std::size_t files = 0;
  int limit_code =
      0;  ///< Cloudflare's code for "rate limit reached", by the selector that is not files; 0: none
};

/// Reads {"purge_everything":true} or any of "files", "tags", "hosts", "prefixes". Other members count for
/// nothing. A refusal carries Cloudflare's code and where in the body. Pure.
std::expected<CloudflareAsk, Refusal> parse_cloudflare(std::string_view body, const std::string& site,
                                                       bool soft, const CloudflareLimits& limits);

}  // namespace purgeapi
