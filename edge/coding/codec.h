// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "edge/base/chunk.h"
#include "edge/base/error.h"
#include "edge/policy/coding.h"

/// Content codings (RFC 9110 8.4.1) as the edge makes them. The only user of brotli, zstd and zlib.
namespace coding {

/// The state of one body's coding in one of the libraries. One thread at a time; nothing is shared.
class Codec {
 public:
  struct Step {
    std::size_t taken = 0;  ///< bytes of `in`
    std::size_t made = 0;   ///< bytes of `out`
    bool over = false;      ///< `last` was said and all is out
  };
  virtual ~Codec() = default;
  /// Takes of `in` and makes into `out` (not empty) what it can. `last`: nothing comes after `in`.
  virtual base::Result<Step> step(std::string_view in, std::span<char> out, bool last) = 0;
};

/// `level` as the library counts: gzip 1 to 9, br 0 to 11, zstd 1 to 19. `bytes`: length of the whole body.
base::Result<std::unique_ptr<Codec>> make_codec(policy::Coding coding, int level, std::uint64_t bytes);

/// Runs a body through a codec: pieces in, full chunks out (the last may be shorter). One thread at a time.
class Encoder {
 public:
  /// Takes one chunk; a failure ends the coding.
  using Give = std::function<base::Status(base::ChunkRef)>;
  Encoder(std::unique_ptr<Codec> codec, Give give) : codec_(std::move(codec)), give_(std::move(give)) {}

  base::Status write(std::string_view piece) { return run(piece, false); }
  /// Nothing more comes: gives what is left.
  base::Status finish();

 private:
  base::Status run(std::string_view piece, bool last);

  std::unique_ptr<Codec> codec_;
  Give give_;
  base::ChunkRef out_{};
};

}  // namespace coding
