// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lmdb {

/// While one lives, a crash of its thread (SIGABRT, SIGSEGV, also by a stack that is used up, SIGBUS, SIGFPE,
/// SIGILL) leaves an empty file behind, then goes on as it would have. LMDB trusts its pages: broken ones
/// make it abort or follow them into nowhere, and it would do so again at each start. Does nothing for an
/// empty path. May be nested; the outermost file counts.
class CrashMark {
 public:
  explicit CrashMark(const std::string& file);
  ~CrashMark();
  CrashMark(const CrashMark&) = delete;
  CrashMark& operator=(const CrashMark&) = delete;
};

}  // namespace lmdb
