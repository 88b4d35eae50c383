// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/hash.h"

namespace store {

/// Names an object in every tier: the fingerprint of its key text. Objects keep the text, and a look-up compares it.
using Key = base::Hash128;

/// Names the stored bytes of one object for good: a later version of the same key has another id, so the chunks
/// of two versions never mix. Never reused within a disk store.
using ObjectId = std::uint64_t;

}  // namespace store
