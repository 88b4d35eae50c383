// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/base/error.h"
#include "purge/server/purge_log.h"
#include "store/lmdb/database.h"

/// The form of what the embedded log keeps in LMDB. Pure functions.
namespace purgeapi {

/// Eight bytes, big-endian: LMDB's order of keys is then the order of numbers.
std::string key_of(Sequence sequence);
Sequence sequence_of(std::string_view key);

std::string value_of(const JournalEntry& entry);
/// Errc::Corrupt if it is none.
base::Result<JournalEntry> entry_of(const lmdb::Cursor::Entry& stored);

std::string value_of(const KnownNode& node);
base::Result<KnownNode> node_of(const lmdb::Cursor::Entry& stored);

/// Who leads is the term: numbers of term T are (T-1) * 2^32 and above, so no two terms give the same.
constexpr unsigned kTermShift = 32;
constexpr std::uint64_t kTermsMax = 1U << 16;
constexpr std::uint64_t term_of(Sequence sequence) { return (sequence >> kTermShift) + 1; }
/// Where the term's own entry stands. The first term has none.
constexpr Sequence begin_of(std::uint64_t term) { return ((term - 1) << kTermShift) + 1; }

/// purge::digest_of_entry.
std::uint64_t digest_of(const JournalEntry& entry);

/// {"seq":17,"purge":{…},"at":…}: an entry as followers read it, without the line's end. `whole`: with all
/// that a standby keeps.
std::string line_of(const JournalEntry& entry, bool whole);
/// The reverse. Errors say what is wrong with it.
base::Result<JournalEntry> entry_of_line(std::string_view line);

}  // namespace purgeapi
