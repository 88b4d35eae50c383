// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "edge/base/clock.h"
#include "edge/http/head_rules.h"
#include "edge/http/message.h"

namespace http {

/// The response that the front itself gives to a request it does not hand to a handler.
struct RefusalResponse {
  ResponseHead head{};
  std::string body{};  ///< the reason, as plain text
};
RefusalResponse response_to(const Refusal& refusal, base::Wall now);

}  // namespace http
