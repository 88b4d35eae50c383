// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge/base/clock.h"
#include "edge/http/fields.h"
#include "origin/server/refusal.h"

namespace origin {

/// What is known of an open file without reading it. A value.
struct FileFacts {
  bool folder = false;
  bool regular = false;
  std::uint64_t size = 0;
  base::Wall modified{};
  std::string etag{};    ///< strong, with its quotes
  std::string sha256{};  ///< 32 bytes; empty if not known
};

/// Reads the facts of `fd`. The hash is the one that keep_hash() left in an extended attribute, if size and
/// time of change still are what they were then; the entity-tag is made of it, or else of inode, time and
/// size. File I/O. `name` is for messages.
Outcome<FileFacts> facts_of(int fd, const std::string& name);

/// Keeps the SHA-256 of the file's present content with the file. False where the file system has no room or
/// support for it: the entity-tag is then made of inode, time and size. Call after the last write.
bool keep_hash(int fd, std::string_view sha256);

/// Adds ETag, Last-Modified and, if the hash is known, Repr-Digest (RFC 9530).
void add_validators(const FileFacts& facts, http::Fields& fields);

}  // namespace origin
