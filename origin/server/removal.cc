// SPDX-License-Identifier: Apache-2.0
#include "origin/server/removal.h"

#include <utility>

#include "origin/server/incoming_file.h"
#include "origin/server/preconditions.h"

namespace origin {

void Removal::start() {
  Outcome<std::string> name = name_to_change();
  if (!name) return refuse_change(name.error());
  const Root& root = context_.root;
  context_.files.changes.run(
      context_.home,
      [&root, name = std::move(*name), judge = judge_of(head_, context_.home.clock().wall())] {
        return remove_file(root, name, judge);
      },
      anchor_.wrap([this](const Outcome<void>& outcome) { take(outcome); }));
}

void Removal::take(const Outcome<void>& outcome) {
  if (!outcome) return refuse_change(outcome.error());
  context_.counters.removals.fetch_add(1, std::memory_order_relaxed);
  respond(204, {}, std::nullopt, nullptr);
}

}  // namespace origin
