// SPDX-License-Identifier: Apache-2.0
#include "origin/server/preconditions.h"

#include "edge/policy/conditional.h"

namespace origin {

Judge judge_of(const http::RequestHead& request, base::Wall now) {
  return [request, now](const FileFacts* present) -> Outcome<void> {
    if (present == nullptr) {
      if (!request.fields.has("if-match")) return {};
      return refuse(412, "there is no such file, but If-Match asks for one; nothing was changed");
    }
    http::Fields validators;
    add_validators(*present, validators);
    if (policy::evaluate(request, 200, validators, now, policy::Evaluator::Origin) ==
        policy::Precondition::Proceed)
      return {};
    return refuse(412, "the file is there with the entity-tag " + present->etag +
                           ", which the request's conditions do not allow; nothing was changed");
  };
}

}  // namespace origin
