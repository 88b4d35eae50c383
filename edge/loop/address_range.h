// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/settings.h"

namespace loop {

/// All addresses that begin with the same bits ("10.0.0.0/8", "2001:db8::/32"; without "/", one address). A
/// value.
class AddressRange {
 public:
  /// Errors say what was found and what is allowed. Bits behind the prefix must be 0: else it is not clear
  /// what was meant.
  static base::Result<AddressRange> parse(std::string_view text);
  /// `host` is a numeric address without port and brackets; any other text is in no range. IPv4 inside IPv6
  /// is IPv4.
  bool contains(std::string_view host) const;
  bool operator==(const AddressRange&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  unsigned bits_ = 0;
  bool v6_ = false;
};

/// Several ranges. A value.
class AddressRanges {
 public:
  void add(AddressRange range) { ranges_.push_back(range); }
  bool contains(std::string_view host) const;
  bool empty() const { return ranges_.empty(); }
  bool operator==(const AddressRanges&) const = default;

 private:
  std::vector<AddressRange> ranges_{};
};

/// Reads a list of ranges; each that is none is a fault of the table.
AddressRanges read_ranges(const base::Table& table, std::string_view key);

}  // namespace loop
