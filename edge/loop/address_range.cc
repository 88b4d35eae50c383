// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/address_range.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>
#include <string>

#include "edge/base/text.h"

namespace loop {
namespace {

struct Parsed {
  std::array<std::uint8_t, 16> bytes{};
  bool v6 = false;
};

std::optional<Parsed> parse_host(std::string_view text) {
  const std::string host(text);
  Parsed out;
  if (inet_pton(AF_INET, host.c_str(), out.bytes.data()) == 1) return out;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return {};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::copy_n(v6.s6_addr + 12, 4, out.bytes.begin());
    return out;
  }
  std::copy_n(v6.s6_addr, 16, out.bytes.begin());
  out.v6 = true;
  return out;
}

/// The first `bits` of `bytes`, the others 0.
std::array<std::uint8_t, 16> masked(std::array<std::uint8_t, 16> bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits > i * 8 ? std::min(bits - i * 8, 8U) : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return bytes;
}

std::unexpected<base::Error> bad_range(std::string_view text, std::string_view why) {
  return base::fail(
      base::Errc::Invalid,
      "found \"" + std::string(text) + "\", " + std::string(why) +
          "; allowed: addresses and ranges such as \"192.0.2.1\", \"10.0.0.0/8\", \"2001:db8::/32\"");
}

}  // namespace

base::Result<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto host = parse_host(text.substr(0, slash));
  if (!host) return bad_range(text, "which begins with no numeric address");
  AddressRange range;
  range.v6_ = host->v6;
  range.bits_ = host->v6 ? 128 : 32;
  if (slash != std::string_view::npos) {
    const auto bits = base::decimal(text.substr(slash + 1));
    if (!bits || *bits > range.bits_) return bad_range(text, "whose number of bits is none");
    range.bits_ = static_cast<unsigned>(*bits);
  }
  range.bytes_ = masked(host->bytes, range.bits_);
  if (range.bytes_ != host->bytes) return bad_range(text, "which has bits behind its prefix");
  return range;
}

bool AddressRange::contains(std::string_view host) const {
  const auto parsed = parse_host(host);
  return parsed && parsed->v6 == v6_ && masked(parsed->bytes, bits_) == bytes_;
}

bool AddressRanges::contains(std::string_view host) const {
  return std::ranges::any_of(ranges_, [host](const AddressRange& range) { return range.contains(host); });
}

AddressRanges read_ranges(const base::Table& table, std::string_view key) {
  AddressRanges ranges;
  for (const std::string& text : table.texts(key)) {
    if (auto range = AddressRange::parse(text)) {
      ranges.add(*range);
    } else {
      table.fault(key, range.error().text);
    }
  }
  return ranges;
}

}  // namespace loop
