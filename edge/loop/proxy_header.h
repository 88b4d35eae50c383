// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loop {

/// The PROXY protocol's header (haproxy.org/download/2.9/doc/proxy-protocol.txt), versions 1 and 2: who a
/// connection comes from, as a load balancer in front says. Fed as bytes come, in any pieces. A value without
/// I/O. Bounded: 107 bytes for version 1, kSizeMax for version 2.
class ProxyHeader {
 public:
  enum class State : std::uint8_t { NeedMore, Done, Bad };
  /// One end of the proxied connection: numeric, without brackets.
  struct End {
    std::string address{};
    std::uint16_t port = 0;
  };

  static constexpr std::size_t kSizeMax = 4096;  ///< of a version 2 header, with its extensions (TLVs)

  /// Takes what it needs of the next bytes. After Done or Bad it takes no more.
  State feed(std::string_view bytes);
  /// How many bytes of all that it was fed belong to the header. The first byte after them is the client's.
  std::size_t used() const { return buffer_.size(); }

  /// Done, but without addresses (LOCAL, UNKNOWN, or a family that is not TCP over IP): use the socket's own.
  /// Health checks are such.
  bool local() const { return local_; }
  const End& client() const { return client_; }
  const End& server() const { return server_; }
  /// What is wrong, if Bad.
  const std::string& error() const { return error_; }

 private:
  std::size_t wanted() const;
  State look();
  State read_v1();
  State read_v2();
  State bad(std::string text);

  State state_ = State::NeedMore;
  std::string buffer_;
  bool local_ = false;
  End client_;
  End server_;
  std::string error_;
};

}  // namespace loop
