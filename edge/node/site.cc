// SPDX-License-Identifier: Apache-2.0
#include "edge/node/site.h"

namespace node {

const policy::TtlRule& Site::rule_for(std::string_view path) const {
  for (const SiteRule& rule : rules) {
    if (policy::path_matches(rule.path, path)) return rule.ttl;
  }
  return defaults;
}

const policy::CodingRule& Site::coding_for(std::string_view path) const {
  for (const SiteRule& rule : rules) {
    if (policy::path_matches(rule.path, path)) return rule.coding;
  }
  return coding;
}

policy::Towards Site::towards(std::string_view node, bool caching, bool identity) const {
  // Where plain HTTP is not served all come by https, so it need not be in the key.
  const bool scheme = key.scheme || plain != PlainMode::Serve;
  return {.node = node, .host = origin_host, .caching = caching, .scheme = scheme, .identity = identity};
}

bool SiteTable::add(const std::string& pattern, std::shared_ptr<const Site> site) {
  if (pattern.starts_with("*.")) return wildcards_.emplace(pattern.substr(1), std::move(site)).second;
  return exact_.emplace(pattern, std::move(site)).second;
}

const Site* SiteTable::find(std::string_view host) const {
  if (const auto found = exact_.find(std::string(host)); found != exact_.end()) return found->second.get();
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const auto found = wildcards_.find(std::string(host.substr(dot)));
    if (found != wildcards_.end()) return found->second.get();
  }
  return nullptr;
}

const Site* SiteTable::named(std::string_view name) const {
  for (const auto* map : {&exact_, &wildcards_}) {
    for (const auto& [pattern, site] : *map) {
      if (site->name == name) return site.get();
    }
  }
  return nullptr;
}

}  // namespace node
