// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/base/secret.h"

namespace purgeapi {

/// What a token's holder may do.
enum class Role : std::uint8_t {
  Purge = 1,    ///< purge, and see its purges and the nodes
  Node = 2,     ///< follow the log and acknowledge
  Read = 4,     ///< see purges and nodes
  Standby = 8,  ///< follow the log as its standby
};

/// One bearer token as the configuration keeps it: not itself, but its SHA-256.
struct Token {
  std::string name{};
  std::string sha256{};  ///< 32 bytes
  std::uint8_t roles = 0;
  std::vector<std::string> sites{};  ///< "*": all

  bool has(Role role) const { return (roles & static_cast<std::uint8_t>(role)) != 0; }
  bool may_touch(std::string_view site) const;
};

using base::sha256;

/// All tokens. Immutable; replaced as a whole at a reload.
class Tokens {
 public:
  Tokens() = default;
  explicit Tokens(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  /// The token whose secret this is; null if there is none. Takes as long whatever the guess has right, and
  /// looks at all tokens. Valid as long as this.
  const Token* find(std::optional<std::string_view> secret) const;

 private:
  std::vector<Token> tokens_;
};

}  // namespace purgeapi
