// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "edge/node/fill.h"

namespace node {

/// The fills that one loop leads. Loop-confined.
class Fills {
 public:
  explicit Fills(Context& context) : context_(context) {}
  /// Starts a fill for a fetch that the caller leads.
  void start(std::shared_ptr<fetch::Fetch> fetch, FillOrder order);
  /// Removes fills that are done, once no call into them is on the stack.
  void sweep_later();
  std::size_t size() const { return fills_.size(); }
  /// The purge clock's oldest reading of those that may still store something; the highest number if there
  /// are none.
  purge::Stamp oldest_stamp() const;

 private:
  Context& context_;
  std::vector<std::unique_ptr<Fill>> fills_{};
  bool sweeping_ = false;
  base::Anchor anchor_{};
};

}  // namespace node
