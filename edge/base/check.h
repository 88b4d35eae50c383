// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace base {

/// Prints the broken condition and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace base

/// A bug if false, in every build: prints and aborts.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::base::check_failed(#condition, __FILE__, __LINE__))

/// As CHECK, in debug builds only; for conditions that cost time.
#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
