// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace harness {

/// SHA-256 over bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// The digest of all that was added, in hexadecimal digits. Last call.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};
std::string sha256(std::string_view bytes);

/// Bytes that a seed determines, readable from any place: gigabytes take no memory. Any thread.
class SeededBody {
 public:
  SeededBody(std::uint64_t seed, std::uint64_t size) : seed_(seed), size_(size) {}
  std::uint64_t size() const { return size_; }
  /// Fills `room` with the bytes from `offset` on; answers how many there are.
  std::size_t read(std::uint64_t offset, std::span<char> room) const;
  std::string text(std::uint64_t offset, std::size_t bytes) const;
  std::string text() const { return text(0, size_); }
  std::string sha256() const;

 private:
  std::uint64_t seed_;
  std::uint64_t size_;
};

}  // namespace harness
