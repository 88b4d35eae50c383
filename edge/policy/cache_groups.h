// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/http/message.h"

/// HTTP cache groups (RFC 9875). Pure functions, any thread.
namespace policy {

/// What RFC 9875 2 asks a cache to support at least; a field with more, or longer ones, is ignored.
inline constexpr std::size_t kGroupsMax = 32;
inline constexpr std::size_t kGroupBytesMax = 128;

/// The groups that a response belongs to (Cache-Groups, RFC 9875 2), without doubles. A field that is not a
/// List of Strings is as if it were not there; parameters mean nothing.
std::vector<std::string> groups_of(const http::Fields& response);

/// The groups whose stored responses, of the request's origin, a response makes unfit for use
/// (Cache-Group-Invalidation, RFC 9875 3): none unless it is a non-error answer to an unsafe request.
std::vector<std::string> group_invalidation(std::string_view method, const http::ResponseHead& response);

}  // namespace policy
