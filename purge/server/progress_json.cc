// SPDX-License-Identifier: Apache-2.0
#include "purge/server/progress_json.h"

#include <nlohmann/json.hpp>

namespace purgeapi {

std::string progress_json(Sequence sequence, const Progress& progress, std::string_view purge,
                          std::int64_t at_ms, const std::vector<Sequence>& sequences) {
  nlohmann::json out = {{"sequence", sequence},
                        {"nodes", nlohmann::json::array()},
                        {"pending", progress.pending},
                        {"away", progress.away}};
  for (const Progress::Applied& applied : progress.applied) {
    nlohmann::json node = {{"node", applied.node}, {"applied", true}};
    if (applied.ms) node["ms"] = *applied.ms;
    out["nodes"].push_back(std::move(node));
  }
  if (!sequences.empty()) out["sequences"] = sequences;
  if (!purge.empty()) {
    out["purge"] = nlohmann::json::parse(purge, nullptr, false);
    out["at"] = at_ms;
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace purgeapi
