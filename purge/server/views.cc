// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/text.h"
#include "purge/server/progress_json.h"
#include "purge/server/requests.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

Refusal not_found(std::string text) { return {.status = 404, .code = "not_found", .text = std::move(text)}; }

}  // namespace

void PurgeView::answer() {
  const auto sequence = base::decimal(call().name());
  const PurgeLog::Bounds bounds = api().journal().bounds();
  if (!sequence || *sequence == 0 || *sequence > bounds.head) {
    return refuse(not_found("there is no purge \"" + call().name() + "\""));
  }
  if (*sequence < bounds.oldest) {
    return refuse(not_found("purge " + call().name() + " is no longer held; the oldest is " +
                            std::to_string(bounds.oldest)));
  }
  api().journal().read(*sequence, 1, api().home(),
                       anchor_.wrap([this, n = *sequence](base::Result<std::vector<JournalEntry>> entries) {
                         show(n, std::move(entries));
                       }));
}

void PurgeView::show(Sequence sequence, base::Result<std::vector<JournalEntry>> entries) {
  if (!entries) return refuse(unavailable(entries.error()));
  // A number between two terms was never given; a term's own is no purge.
  if (entries->empty() || entries->front().sequence != sequence || entries->front().purge.empty()) {
    return refuse(not_found("there is no purge \"" + call().name() + "\""));
  }
  const JournalEntry& entry = entries->front();
  const auto purge = purge::parse_purge(entry.purge);
  if (!purge || !call().caller.may_touch(purge->site)) {
    return refuse({.status = 403,
                   .code = "forbidden",
                   .text = "token \"" + call().caller.name + "\" may not see purges of this site"});
  }
  respond(200, progress_json(sequence, api().nodes().progress(sequence), &entry));
}

void NodesView::answer() {
  const PurgeLog::Bounds bounds = api().journal().bounds();
  nlohmann::json out = {{"log_id", api().journal().log_id()},
                        {"oldest", bounds.oldest},
                        {"head", bounds.head},
                        {"nodes", nlohmann::json::array()}};
  const base::Steady now = api().home().clock().steady();
  for (const auto& [name, node] : api().nodes().all()) {
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - node.heard);
    out["nodes"].push_back({{"node", name},
                            {"connected", api().nodes().follows(node)},
                            {"live", api().nodes().live(node)},
                            {"applied", node.applied},
                            {"behind", bounds.head - std::min(bounds.head, node.applied)},
                            {"silent_ms", silent.count()}});
  }
  respond(200, out.dump());
}

void RetireRequest::answer() {
  const std::string& name = call().name();
  if (!call().caller.may_touch("*")) {
    return refuse(
        {.status = 403,
         .code = "forbidden",
         .text = "token \"" + call().caller.name + "\" is not for all sites (\"*\"), as nodes are"});
  }
  if (const Standing* standing = api().standing()) {
    if (auto refusal = standing->refusal()) return refuse(*refusal);
  }
  switch (api().nodes().retire(name)) {
    case Nodes::Retired::Done:
      api().journal().tell({.kind = NodeWord::Kind::Forget, .name = name});
      return respond(200, nlohmann::json({{"retired", name}}).dump());
    case Nodes::Retired::Unknown: return refuse(not_found("there is no node \"" + name + "\""));
    case Nodes::Retired::Connected:
      return refuse({.status = 409,
                     .code = "conflict",
                     .text = "node \"" + name + "\" follows the log: stop it first"});
    case Nodes::Retired::NotNow:
      return refuse({.status = 503,
                     .code = "unavailable",
                     .text = "node \"" + name + "\" is still known: too much waits to be written"});
  }
}

}  // namespace purgeapi
