// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/wire.h"

namespace policy {

void WireWriter::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(0x80 | (value & 0x7f));
  out_ += static_cast<char>(value);
}

void WireWriter::signed_number(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void WireWriter::text(std::string_view value) {
  number(value.size());
  out_ += value;
}

std::uint64_t WireReader::number() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  good_ = false;
  bytes_ = {};
  return 0;
}

std::int64_t WireReader::signed_number() {
  const std::uint64_t bits = number();
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

std::string_view WireReader::text() {
  const std::uint64_t size = number();
  if (size > bytes_.size()) {
    good_ = false;
    bytes_ = {};
    return {};
  }
  const std::string_view out = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return out;
}

std::size_t WireReader::count(std::size_t bytes_each) {
  const std::uint64_t value = number();
  if (value <= bytes_.size() / bytes_each) return value;
  good_ = false;
  bytes_ = {};
  return 0;
}

}  // namespace policy
