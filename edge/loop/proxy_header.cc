// SPDX-License-Identifier: Apache-2.0
// Version 1 is a line: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n". Version 2 is 12 signature bytes,
// version and command, family and protocol, the length of what follows, and that: two addresses, two ports,
// extensions.
//
// Bytes are taken one step at a time, never beyond the header's end: what follows belongs to TLS or HTTP.
#include "edge/loop/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "edge/base/text.h"

namespace loop {
namespace {

constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kSizeMax1 = 107;
constexpr std::size_t kFixed2 = 16;  ///< before the addresses

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/// An address of `family` in binary as text; IPv4 inside IPv6 as IPv4, as loop::Address shows it.
std::string address_at(std::string_view bytes, std::size_t at, int family) {
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12);
  if (family == AF_INET6 && bytes.substr(at).starts_with(kMapped)) return address_at(bytes, at + 12, AF_INET);
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data() + at, text.data(), text.size());
  return text.data();
}

/// The address in its usual spelling; nothing if it is none of `family`.
std::optional<std::string> checked_address(const std::string& text, int family) {
  std::array<char, sizeof(in6_addr)> binary{};
  if (text.find('\0') != std::string::npos || inet_pton(family, text.c_str(), binary.data()) != 1)
    return std::nullopt;
  return address_at({binary.data(), binary.size()}, 0, family);
}

std::optional<std::uint16_t> checked_port(std::string_view text) {
  const std::optional<std::uint64_t> port = base::decimal(text);
  if (!port || *port > 65'535 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

ProxyHeader::State ProxyHeader::feed(std::string_view bytes) {
  while (state_ == State::NeedMore && !bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), wanted());
    buffer_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    state_ = look();
  }
  return state_;
}

std::size_t ProxyHeader::wanted() const {
  const std::string_view seen = buffer_;
  if (seen.size() < kFixed2 && kSignature2.starts_with(seen.substr(0, kSignature2.size()))) {
    // It may be either version while nothing is there: one byte tells.
    return seen.empty() ? 1 : kFixed2 - seen.size();
  }
  if (seen.starts_with(kSignature2)) return kFixed2 + number_at(seen, 14) - seen.size();
  return 1;  // a line ends where it ends
}

ProxyHeader::State ProxyHeader::look() {
  const std::string_view seen = buffer_;
  const std::string_view first1 = seen.substr(0, kSignature1.size());
  const std::string_view first2 = seen.substr(0, kSignature2.size());
  if (kSignature1.starts_with(first1)) {
    if (seen.ends_with('\n')) return read_v1();
    if (seen.size() == kSizeMax1) return bad("no end of line in the first 107 bytes");
    return State::NeedMore;
  }
  if (!kSignature2.starts_with(first2)) {
    return bad("the connection begins with none: 0x" + base::hex(seen.substr(0, kSignature2.size())));
  }
  if (seen.size() < kFixed2) return State::NeedMore;
  const unsigned version = byte_at(seen, 12) >> 4;
  const unsigned command = byte_at(seen, 12) & 0xF;
  if (version != 2) return bad("version " + std::to_string(version) + "; allowed: 2");
  if (command > 1) return bad("command " + std::to_string(command) + "; allowed: 0 (LOCAL), 1 (PROXY)");
  const std::size_t size = kFixed2 + number_at(seen, 14);
  if (size > kSizeMax) {
    return bad(std::to_string(size) + " bytes long; allowed: " + std::to_string(kSizeMax));
  }
  return seen.size() < size ? State::NeedMore : read_v2();
}

ProxyHeader::State ProxyHeader::read_v1() {
  std::string_view line = buffer_;
  if (!line.ends_with("\r\n")) return bad("the line ends without a carriage return");
  line.remove_suffix(2);
  std::vector<std::string> words(1);
  for (const char c : line) {  // one space between words, no more
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words[1] == "UNKNOWN") {
    local_ = true;  // whatever else the line says is to be ignored
    return State::Done;
  }
  if (words[1] != "TCP4" && words[1] != "TCP6") {
    return bad("protocol \"" + words[1] + "\"; allowed: TCP4, TCP6, UNKNOWN");
  }
  if (words.size() != 6)
    return bad("two addresses and two ports must follow the protocol, one space between");
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  std::array<End, 2> ends;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::optional<std::string> address = checked_address(words[2 + i], family);
    if (!address) return bad("address \"" + words[2 + i] + "\" is none of " + words[1]);
    const std::optional<std::uint16_t> port = checked_port(words[4 + i]);
    if (!port) return bad("port \"" + words[4 + i] + "\"; allowed: 0 to 65535");
    ends[i] = {.address = *address, .port = *port};
  }
  client_ = std::move(ends[0]);
  server_ = std::move(ends[1]);
  return State::Done;
}

ProxyHeader::State ProxyHeader::read_v2() {
  const std::string_view seen = buffer_;
  const bool proxied = (byte_at(seen, 12) & 0xF) == 1;
  const unsigned family_and_protocol = byte_at(seen, 13);
  const bool v4 = family_and_protocol == 0x11;
  const bool v6 = family_and_protocol == 0x21;
  if (!proxied || (!v4 && !v6)) {
    local_ = true;
    return State::Done;
  }
  const std::size_t address_bytes = v4 ? 4 : 16;
  if (number_at(seen, 14) < 2 * address_bytes + 4) {
    return bad("too short for its addresses: " + std::to_string(number_at(seen, 14)) + " bytes");
  }
  const int family = v4 ? AF_INET : AF_INET6;
  const std::size_t ports = kFixed2 + 2 * address_bytes;
  client_ = {.address = address_at(seen, kFixed2, family), .port = number_at(seen, ports)};
  server_ = {.address = address_at(seen, kFixed2 + address_bytes, family),
             .port = number_at(seen, ports + 2)};
  return State::Done;
}

ProxyHeader::State ProxyHeader::bad(std::string text) {
  error_ = "PROXY header: " + std::move(text);
  return State::Bad;
}

}  // namespace loop
