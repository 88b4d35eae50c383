// SPDX-License-Identifier: Apache-2.0
#include "purge/server/auth.h"

#include <algorithm>


namespace purgeapi {

bool Token::may_touch(std::string_view site) const {
  return std::ranges::any_of(sites, [site](const std::string& own) { return own == "*" || own == site; });
}

const Token* Tokens::find(std::optional<std::string_view> secret) const {
  if (!secret || secret->empty()) return nullptr;
  const std::string digest = sha256(*secret);
  const Token* found = nullptr;
  for (const Token& token : tokens_) {
    if (base::same_digest(token.sha256, digest)) found = &token;
  }
  return found;
}

}  // namespace purgeapi
