// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "edge/http/fields.h"
#include "origin/server/refusal.h"

namespace origin {

/// The checksums that an upload's sender promises, raw; empty: none of that kind.
struct PromisedDigests {
  std::string sha256{};
  std::string sha512{};
  std::string md5{};
};

/// Of Content-MD5 (RFC 1864), Digest (RFC 3230), Content-Digest and Repr-Digest (RFC 9530). Unknown
/// algorithms are ignored; a known one that is malformed, or given twice with different values, is refused
/// with 400.
Outcome<PromisedDigests> promised_digests(const http::Fields& fields);

/// Hashes a body as it comes: SHA-256 always, the others if promised. One thread at a time.
class BodyHash {
 public:
  explicit BodyHash(PromisedDigests promised);
  ~BodyHash();
  void update(std::string_view bytes);
  /// SHA-256 of all bytes; 422 if they are not what was promised. Once.
  Outcome<std::string> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SHA-256 of `bytes`, raw.
std::string sha256_of(std::string_view bytes);

}  // namespace origin
