// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "purge/server/api_request.h"
#include "purge/server/cloudflare_body.h"

namespace purgeapi {

/// The `id` of an answer: the first 16 of its 32 hexadecimal digits name the log, the last 16 are the number
/// of the purge (of several, the last).
std::string cloudflare_id(std::string_view log_id, Sequence sequence);

/// POST or DELETE /client/v4/zones/{zone}[/environments/{environment}]/purge_cache, and POST
/// …/invalidate_cache (soft): 200 once all that the body asks for is in the log.
class CloudflareRequest final : public ApiRequest {
 public:
  explicit CloudflareRequest(Call call);

 private:
  void answer() override;
  std::expected<std::string, Refusal> site() const;
  /// What the body asks of the buckets; empty if they gave it.
  std::optional<Refusal> over_limit(const CloudflareAsk& ask);
  void on_accepted(base::Result<std::vector<Sequence>> sequences);

  http::Fields limits_{};  ///< Ratelimit and Ratelimit-Policy
  base::Anchor anchor_{};
};

}  // namespace purgeapi
