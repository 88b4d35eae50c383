// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace loop {

/// From here on each thread keeps a few of the record buffers (17 KiB) that OpenSSL allocates and frees with every turn of a
/// connection (SSL_MODE_RELEASE_BUFFERS), in place of giving them back to malloc, which joins and splits its chunks
/// for blocks of that size. Once, before anything else of OpenSSL is called; afterwards it has no effect.
void keep_tls_buffers();

}  // namespace loop
