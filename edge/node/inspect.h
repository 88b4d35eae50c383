// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "edge/http/message.h"
#include "edge/policy/cache_key.h"
#include "store/object/object.h"

namespace node {

class Node;

/// Looks up what both tiers hold of a URL: `/inspect?url=https://host/path`. Fields of this very request (Accept-Encoding, Accept-Language …)
/// choose the variant. Lives on the control loop; destroying it cancels.
class Inspection {
 public:
  using Done = std::function<void(int status, std::string json)>;
  Inspection(Node& node, Done done) : node_(node), done_(std::move(done)) {}
  void begin(const http::RequestHead& request);

 private:
  void look(const store::Key& key, const std::string& text);
  void on_disk(base::Result<store::ObjectRef> object);
  void report();

  Node& node_;
  Done done_;
  http::Fields sent_{};  ///< what the origin would be asked with
  policy::CacheKey key_{};
  std::string text_{};
  std::string variant_{};
  store::ObjectRef in_memory_{};
  store::ObjectRef on_disk_{};
  bool followed_marker_ = false;
  base::Anchor anchor_{};
};

}  // namespace node
