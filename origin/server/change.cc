// SPDX-License-Identifier: Apache-2.0
#include "origin/server/change.h"

#include <utility>

#include "edge/base/log.h"
#include "origin/server/resource_name.h"

namespace origin {

Outcome<std::string> Change::name_to_change() const {
  Outcome<ResourceName> name = resource_name(head_.target);
  if (!name) return std::unexpected(name.error());
  if (site_->tokens.empty())
    return refuse(403, "this server takes no uploads: its configuration has no [[token]]");
  const auto token = authorize(*site_, head_.fields, "/" + name->path);
  if (!token) return std::unexpected(token.error());
  if (name->folder) return refuse(400, "the path names a folder; only files can be put and deleted");
  return std::move(name->path);
}

void Change::refuse_change(const Refusal& refusal) {
  http::Fields fields;
  if (refusal.status == 401) fields.add("www-authenticate", "Bearer realm=\"selvage-origin\"");
  if (refusal.status >= 500)
    logs::error("a change failed", {{"path", head_.target}, {"reason", refusal.text}});
  respond(refusal, std::move(fields));
}

}  // namespace origin
