// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "origin/server/change.h"

namespace origin {

/// DELETE: 204, or 404.
class Removal final : public Change {
 public:
  using Change::Change;
  void start() override;

 private:
  void take(const Outcome<void>& outcome);

  base::Anchor anchor_;
};

}  // namespace origin
