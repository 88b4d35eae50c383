// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string>

#include "edge/base/check.h"

namespace loop {
namespace {

std::shared_ptr<const TicketKey> make_key() {
  auto key = std::shared_ptr<TicketKey>(new TicketKey, [](TicketKey* old) {
    OPENSSL_cleanse(old, sizeof(*old));
    delete old;
  });
  CHECK(RAND_bytes(key->name.data(), static_cast<int>(key->name.size())) == 1);
  CHECK(RAND_priv_bytes(key->cipher.data(), static_cast<int>(key->cipher.size())) == 1);
  CHECK(RAND_priv_bytes(key->mac.data(), static_cast<int>(key->mac.size())) == 1);
  return key;
}

std::string_view name_of(const TicketKey& key) {
  return {reinterpret_cast<const char*>(key.name.data()), key.name.size()};
}

TicketKeys& process_keys() {
  static TicketKeys keys;
  return keys;
}

bool set_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 3> settings{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.mac.data()),
                                        key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, settings.data()) == 1;
}

/// The callback of SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 no such key (full handshake), 1 good, 2 good
/// but renew, -1 error.
int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
               int seal) {
  const base::Steady now = base::Steady::clock::now();
  if (seal != 0) {
    const auto key = process_keys().current(now);
    std::ranges::copy(key->name, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return -1;
    return set_mac(mac, *key) ? 1 : -1;
  }
  const auto key = process_keys().find({reinterpret_cast<const char*>(name), sizeof(TicketKey::name)}, now);
  if (!key) return 0;
  if (!set_mac(mac, *key)) return -1;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return -1;
  // A TLS 1.3 client uses a ticket once (RFC 8446 C.4) and needs a new one for its next connection.
  const bool renew = SSL_version(ssl) == TLS1_3_VERSION || key != process_keys().current(now);
  return renew ? 2 : 1;
}

}  // namespace

void TicketKeys::rotate(base::Steady now) {
  if (current_ && now - since_ < kPeriod) return;
  // After a period without any ticket the current key is as old as a previous one may be, and no older.
  previous_ = current_ && now - since_ < 2 * kPeriod ? current_ : nullptr;
  current_ = make_key();
  since_ = now;
}

std::shared_ptr<const TicketKey> TicketKeys::current(base::Steady now) {
  const std::scoped_lock lock(mutex_);
  rotate(now);
  return current_;
}

std::shared_ptr<const TicketKey> TicketKeys::find(std::string_view name, base::Steady now) {
  const std::scoped_lock lock(mutex_);
  rotate(now);
  if (name_of(*current_) == name) return current_;
  if (previous_ && name_of(*previous_) == name) return previous_;
  return nullptr;
}

void TicketKeys::install(SSL_CTX* context) {
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key);
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(kPeriod).count());
}

}  // namespace loop
