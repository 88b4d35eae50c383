// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "purge/clock/purge.h"
#include "purge/ctl/caller.h"

namespace ctl {

/// The commands that are one call; each prints its answer and gives the exit code.

struct PurgeOptions {
  std::string api{};
  purge::Purge purge{};
  std::string wait{};  ///< "5s"; empty: do not wait
  std::string key{};   ///< Idempotency-Key; empty: none
  bool json = false;
};
int purge_command(Access access, const PurgeOptions& options);

int nodes_command(Access access, const std::string& api, bool json);

/// Has the API forget an edge that is gone for good.
int retire_command(Access access, const std::string& api, const std::string& node, bool json);

/// Asks all edges which copies of a URL they hold. kFailed if one would serve what was purged, kNotYet if one
/// has not answered, or has not applied all purges yet. `variant`: as below.
int verify_command(Access access, const std::string& api, const std::string& site, const std::string& url,
                   const std::vector<std::string>& variant, bool json);
/// Makes a standby the primary.
int promote_command(Access access, const std::string& api, bool json);

/// `variant`: fields that choose the variant, "accept-encoding: gzip".
int inspect_command(Access access, const std::string& admin, const std::string& url,
                    const std::vector<std::string>& variant, bool json);

}  // namespace ctl
