// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "edge/base/clock.h"
#include "edge/http/message.h"
#include "edge/policy/stored_response.h"
#include "store/object/object.h"

/// Requests, responses and objects as the edge meets them, by number: nothing is drawn at random, so two runs
/// measure the same.
namespace micro {

inline constexpr std::size_t kBodyBytes = 1024;

/// The present of all samples: a minute after their responses came.
base::Wall present();

/// A browser's GET, with its usual fields.
http::RequestHead browser_request(std::size_t number);

/// A response of nine fields, fresh for a day, with `tags` tags: some that many objects share, some that few
/// do.
policy::StoredResponse stored_response(std::size_t number, std::size_t tags);

/// The same as both tiers hold it, with 1 KiB of body. All share the bytes of that, not its count.
store::ObjectRef object(std::size_t number, std::size_t tags);

/// The head of the answer to browser_request() from the cache: twelve fields.
http::ResponseHead answer_head(std::size_t number);

}  // namespace micro
