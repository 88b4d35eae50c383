// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// The elements of stored records: numbers as LEB128, texts with their length before them.
namespace policy {

/// Appends elements to a record. A value.
class WireWriter {
 public:
  void number(std::uint64_t value);
  /// Zigzag: small negative numbers stay short.
  void signed_number(std::int64_t value);
  void text(std::string_view value);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Takes elements from the front of a record, never beyond its end. The first one that does not fit makes
/// good() false, and it and all that follow read as zero or empty. Views hold as long as the record does.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number();
  std::int64_t signed_number();
  std::string_view text();
  /// Number of elements that follow, each of at least `bytes_each` bytes: a count that the rest cannot hold
  /// is damage, so that nobody reserves memory for it.
  std::size_t count(std::size_t bytes_each);
  bool good() const { return good_; }
  bool complete() const { return good_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace policy
