// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "origin/server/request.h"

namespace origin {

/// What PUT and DELETE share: who may, and which file.
class Change : public Request {
 public:
  using Request::Request;

 protected:
  /// The file that the request is to change, if its sender may: else 400, 401 or 403.
  Outcome<std::string> name_to_change() const;
  /// As respond(); a 401 says how to show a token.
  void refuse_change(const Refusal& refusal);
};

}  // namespace origin
