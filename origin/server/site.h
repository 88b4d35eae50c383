// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/http/fields.h"
#include "origin/server/refusal.h"

namespace origin {

/// What responses for some paths get beside the file's own fields.
struct Rule {
  std::string path{};           ///< pattern, "*" for any run of characters
  std::string cache_control{};  ///< empty: says nothing of it
  std::vector<std::string> surrogate_keys{};
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// Who may change files.
struct Token {
  std::string name{};                ///< for the log
  std::string sha256{};              ///< of the token's text, raw
  std::vector<std::string> paths{};  ///< patterns; empty: all
};

/// What a reload can change: everything that requests are judged by. Immutable once made, shared by the
/// loops.
struct Site {
  std::vector<Rule> rules{};
  std::vector<Token> tokens{};
  std::string index{"index.html"};
  std::uint64_t max_upload_bytes = 0;
};

/// Applies the first rule that matches `path` ("/" and the file's name), and no other.
void apply_rules(const Site& site, std::string_view path, http::Fields& fields);

/// The token that `request` shows ("Authorization: Bearer …"), if it may change `path`; else 401 (none or
/// unknown) or 403. Compares in constant time.
Outcome<const Token*> authorize(const Site& site, const http::Fields& request, std::string_view path);

}  // namespace origin
