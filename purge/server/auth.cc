// SPDX-License-Identifier: Apache-2.0
#include "purge/server/auth.h"

#include <algorithm>

#include "edge/base/text.h"

namespace purgeapi {

bool Token::may_touch(std::string_view site) const {
  return std::ranges::any_of(sites, [site](const std::string& own) { return own == "*" || own == site; });
}

const Token* Tokens::find(std::optional<std::string_view> authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (!authorization || !base::iequals(authorization->substr(0, kScheme.size()), kScheme)) return nullptr;
  const std::string_view secret = base::trimmed(authorization->substr(kScheme.size()));
  if (secret.empty()) return nullptr;
  const std::string digest = sha256(secret);
  const Token* found = nullptr;
  for (const Token& token : tokens_) {
    if (base::same_digest(token.sha256, digest)) found = &token;
  }
  return found;
}

}  // namespace purgeapi
