// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/alpn.h"

#include <openssl/ssl.h>

namespace loop {

std::string_view alpn_of(const void* ssl) {
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(static_cast<const SSL*>(ssl), &protocol, &size);
  return {reinterpret_cast<const char*>(protocol), size};
}

}  // namespace loop
