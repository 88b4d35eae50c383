// SPDX-License-Identifier: Apache-2.0
#include "edge/node/finished.h"

namespace node {

void note_finished(Context& context, AccessFacts facts) {
  LoopCounters& counters = context.counters;
  const http::Delivery& delivery = facts.delivery;
  counters.requests[static_cast<std::size_t>(facts.outcome)].add();
  counters.statuses[static_cast<std::size_t>(delivery.status / 100) % counters.statuses.size()].add();
  counters.body_bytes.add(delivery.body_bytes);
  if (!delivery.complete) counters.aborted.add();
  if (delivery.first_byte != base::Steady{}) counters.first_byte.add(delivery.first_byte - facts.begun);
  if (context.shared.access_log == nullptr) return;
  facts.at = context.executor.clock().wall();
  context.shared.access_log->append(access_line(facts));
}

}  // namespace node
