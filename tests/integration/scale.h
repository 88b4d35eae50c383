// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>

namespace harness {

/// Whether programs and tests are built with a sanitizer: all is 5 to 10 times slower then, and memory
/// figures mean nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

/// Whether to run at the full size that the goals name, which takes minutes: SELVAGE_FULL=1 in the
/// environment.
inline bool full_size() { return std::getenv("SELVAGE_FULL") != nullptr; }

}  // namespace harness
