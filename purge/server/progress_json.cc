// SPDX-License-Identifier: Apache-2.0
#include "purge/server/progress_json.h"

#include <nlohmann/json.hpp>

namespace purgeapi {
namespace {

void take_entry(nlohmann::json& out, const JournalEntry& entry) {
  out["purge"] = nlohmann::json::parse(entry.purge, nullptr, false);
  out["at"] = entry.at_ms;
  if (!entry.asker.by.empty()) out["by"] = entry.asker.by;
  if (!entry.asker.from.empty()) out["from"] = entry.asker.from;
  if (!entry.asker.api.empty()) out["api"] = entry.asker.api;
}

std::string dump(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string progress_json(Sequence sequence, const Progress& progress, const JournalEntry* entry,
                          const std::vector<Sequence>& sequences) {
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
  if (!sequences.empty()) out["sequences"] = sequences;
  if (entry != nullptr) take_entry(out, *entry);
  return dump(out);
}

std::string entry_json(const JournalEntry& entry) {
  nlohmann::json out = {{"sequence", entry.sequence}};
  take_entry(out, entry);
  return dump(out);
}

}  // namespace purgeapi
