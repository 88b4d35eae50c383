// SPDX-License-Identifier: Apache-2.0
#include "edge/node/fills.h"

#include <algorithm>
#include <utility>

namespace node {

void Fills::start(std::shared_ptr<fetch::Fetch> fetch, FillOrder order) {
  fills_.push_back(std::make_unique<Fill>(context_, std::move(fetch), std::move(order)));
  fills_.back()->start();
}

purge::Stamp Fills::oldest_stamp() const {
  purge::Stamp oldest = ~purge::Stamp{0};
  for (const auto& fill : fills_) {
    if (fill->may_store()) oldest = std::min(oldest, fill->stamp());
  }
  return oldest;
}

void Fills::sweep_later() {
  if (std::exchange(sweeping_, true)) return;
  context_.executor.post(anchor_.wrap([this] {
    sweeping_ = false;
    std::vector<std::unique_ptr<Fill>> over;
    std::erase_if(fills_, [&](std::unique_ptr<Fill>& fill) {
      if (!fill->done()) return false;
      over.push_back(std::move(fill));
      return true;
    });
  }));
}

}  // namespace node
