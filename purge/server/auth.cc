// SPDX-License-Identifier: Apache-2.0
#include "purge/server/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "edge/base/check.h"

namespace purgeapi {

bool Token::may_touch(std::string_view site) const {
  return std::ranges::any_of(sites, [site](const std::string& own) { return own == "*" || own == site; });
}

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  const int done = EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
                              nullptr, EVP_sha256(), nullptr);
  CHECK(done == 1);
  return digest;
}

const Token* Tokens::find(std::optional<std::string_view> secret) const {
  if (!secret || secret->empty()) return nullptr;
  const std::string digest = sha256(*secret);
  const Token* found = nullptr;
  for (const Token& token : tokens_) {
    if (token.sha256.size() == digest.size() &&
        CRYPTO_memcmp(token.sha256.data(), digest.data(), digest.size()) == 0) {
      found = &token;
    }
  }
  return found;
}

}  // namespace purgeapi
