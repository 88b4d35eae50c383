// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "edge/node/context.h"

/// How objects go into the two tiers, and between them. Any thread.
///
/// Whoever drops an object drops it from disk, then from memory, then, if it was there, from disk again
/// (drop()); whoever copies one from a tier to the other looks afterwards whether it is still where it came
/// from. So a copy made meanwhile never outlives it.
namespace node {

/// A larger body is not kept in one piece: its chunks are on their way to disk before it is whole.
std::uint64_t whole_max(const Config& config, const Shared& shared);

/// A new object whose body lies in it: into memory, and to disk if it is admitted there
/// (store::Admission::on_miss). False if the disk should have it but its writers are behind: then an object of
/// several chunks is marked as on disk, and is for the caller to write.
bool keep_new(Shared& shared, const store::ObjectRef& object, bool wanted_again, base::Steady now);
/// What leads to other objects: small, and of use as long as they are: always into both.
void keep_signpost(Shared& shared, const store::ObjectRef& object);
/// An object of newer freshness, in place of that which it was: in the tiers where that is.
void keep_refreshed(Shared& shared, const store::ObjectRef& object, base::Steady now);
/// Another request has found `object` in memory: it goes to disk if it is not there (Admission::on_hit).
void note_use(Shared& shared, const store::ObjectRef& object, base::Steady now);
/// What was read from disk goes into memory too.
void promote(Shared& shared, const store::ObjectRef& object);
/// Out of both tiers, if its id is not above `id`.
void drop(Shared& shared, const store::Key& key, store::ObjectId id = store::kAnyId);

}  // namespace node
