// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

/// Secrets are kept and compared as digests. Pure functions, any thread.
namespace base {

/// The 32 bytes of a text's SHA-256.
std::string sha256(std::string_view text);

/// Whether `secret` is one of those whose SHA-256 (32 bytes each) are `digests`. Looks at all of them, and
/// takes as long whatever a guess has right.
bool is_one_of(std::string_view secret, std::span<const std::string> digests);

/// Whether two digests are the same, in a time that does not tell where they differ.
bool same_digest(std::string_view a, std::string_view b);

/// `bytes` that nobody can guess, as hexadecimal digits.
std::string random_hex(std::size_t bytes);

}  // namespace base
