// SPDX-License-Identifier: Apache-2.0
#include "purge/server/progress_json.h"

#include <nlohmann/json.hpp>

namespace purgeapi {

std::string progress_json(Sequence sequence, const Progress& progress, std::string_view purge,
                          std::int64_t at_ms) {
  nlohmann::json out = {{"sequence", sequence},
                        {"nodes", nlohmann::json::array()},
                        {"pending", progress.pending},
                        {"away", progress.away}};
  for (const Progress::Applied& applied : progress.applied) {
    nlohmann::json node = {{"node", applied.node}, {"applied", true}};
    if (applied.ms) node["ms"] = *applied.ms;
    if (applied.at_ms) node["at"] = *applied.at_ms;
    out["nodes"].push_back(std::move(node));
  }
  if (!purge.empty()) {
    out["purge"] = nlohmann::json::parse(purge, nullptr, false);
    out["at"] = at_ms;
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace purgeapi
