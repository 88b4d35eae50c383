// SPDX-License-Identifier: Apache-2.0
#include "purge/server/questions.h"

#include <utility>

#include "edge/base/secret.h"

namespace purgeapi {

std::string Questions::begin(Listener& listener) {
  if (waiting_.size() >= most_) return {};
  std::string id = base::random_hex(8);
  waiting_.emplace(id, &listener);
  return id;
}

bool Questions::answer(const std::string& id, const std::string& node, std::string json) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  found->second->on_answer(node, std::move(json));
  return true;
}

}  // namespace purgeapi
