// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// Normalisation of URI parts (RFC 3986 6.2.2). Never makes two resources equal that an origin may tell
/// apart: reserved characters stay encoded, and what is encoded here is sent encoded. Pure functions, any
/// thread.
namespace policy {

/// Whether nothing in it is encoded, nor would have to be.
bool is_literal(std::string_view part);
/// Whether a path is literal, begins with "/" and has no segment that begins with a dot: nothing is to be done about it.
bool is_normal_path(std::string_view path);
/// Unreserved characters decoded, hexadecimal digits of what stays encoded in upper case. What no URI may
/// hold is encoded: bytes above ASCII, and a "%" that begins no triplet. No two spellings of one part remain.
std::string normal_encoding(std::string_view part);
/// Every "%XX" decoded once.
std::string decoded(std::string_view part);
/// "." and ".." segments removed (RFC 3986 5.2.4), "%2e" counts as "."; begins with "/".
std::string without_dot_segments(std::string_view path);

}  // namespace policy
