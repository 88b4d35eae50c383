// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What caching rules know about status codes. Pure functions, any thread.
namespace policy {

/// Defined as heuristically cacheable (RFC 9110 15.1). 206 is left out: partial content is not stored.
bool is_heuristically_cacheable(int status);
/// Whether this cache understands what the status means for caching (RFC 9111 5.2.2.3).
bool is_understood(int status);

}  // namespace policy
