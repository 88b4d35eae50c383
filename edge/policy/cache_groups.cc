// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/cache_groups.h"

#include <algorithm>
#include <utility>

#include "edge/policy/invalidation.h"
#include "edge/policy/structured_field.h"

namespace policy {
namespace {

std::vector<std::string> group_list(const http::Fields& fields, std::string_view name) {
  if (!fields.has(name)) return {};
  auto list = parse_list(fields.combined(name));
  if (!list || list->size() > kGroupsMax) return {};
  std::vector<std::string> groups;
  for (Member& member : *list) {
    Item* const item = std::get_if<Item>(&member);
    std::string* const group = item != nullptr ? std::get_if<std::string>(&item->value) : nullptr;
    if (group == nullptr || group->size() > kGroupBytesMax) return {};
    if (std::ranges::find(groups, *group) == groups.end()) groups.push_back(std::move(*group));
  }
  return groups;
}

}  // namespace

std::vector<std::string> groups_of(const http::Fields& response) {
  return group_list(response, "cache-groups");
}

std::vector<std::string> group_invalidation(std::string_view method, const http::ResponseHead& response) {
  if (!invalidates(method, response.status)) return {};
  return group_list(response.fields, "cache-group-invalidation");
}

}  // namespace policy
