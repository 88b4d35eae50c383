// SPDX-License-Identifier: Apache-2.0
#include "edge/node/invalidation.h"

#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "edge/policy/cache_groups.h"
#include "edge/policy/invalidation.h"

namespace node {

void invalidate_after(const Context& context, const Site& site, const http::RequestHead& request,
                      const http::ResponseHead& answer) {
  Shared& shared = context.shared;
  for (const http::RequestHead& target : policy::invalidated_targets(request, answer)) {
    const std::string text = policy::cache_key(site.name, site.key, target).text;
    shared.fetches.detach(key_of(text));
    drop(shared, key_of(text));
    drop(shared, key_of(part_key_text(text, {})));
  }
  const std::string host = policy::host_of(request.authority);
  for (const std::string& group : policy::group_invalidation(request.method, answer)) {
    shared.groups.invalidate(site.name, host, group, context.executor.clock().wall());
  }
}

}  // namespace node
