// SPDX-License-Identifier: Apache-2.0
#include "edge/base/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "edge/base/check.h"
#include "edge/base/text.h"

namespace base {

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  const int done = EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
                              nullptr, EVP_sha256(), nullptr);
  CHECK(done == 1);
  return digest;
}

bool same_digest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_one_of(std::string_view secret, std::span<const std::string> digests) {
  const std::string digest = sha256(secret);
  bool found = false;
  for (const std::string& known : digests) found = same_digest(digest, known) || found;
  return found;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) == 1);
  return hex(raw);
}

}  // namespace base
