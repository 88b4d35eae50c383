// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/ledger_tables.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include "edge/base/hash.h"

namespace purge {
namespace {

using base::Errc;

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie in memory");

constexpr std::string_view kPlaceKey = "place 3";  // with the form's version
// Beside the place, which older versions read and write too: it counts only with the place that it was
// written with, so what they leave behind is none.
constexpr std::string_view kDigestKey = "digest 1";

void append(std::string& bytes, std::uint64_t number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

// The checksum covers the key too: a value under a wrong key is as bad as a wrong value.
void seal(std::string_view key, std::string& value) { append(value, base::hash64(value, base::hash64(key))); }

std::optional<std::string_view> unseal(std::string_view key, std::string_view value) {
  if (value.size() < sizeof(std::uint64_t)) return {};
  const std::string_view plain = value.substr(0, value.size() - sizeof(std::uint64_t));
  if (number_at(value, plain.size()) != base::hash64(plain, base::hash64(key))) return {};
  return plain;
}

base::Result<Ledger::Row> row_of(const lmdb::Cursor::Entry& entry) {
  const auto stamps = unseal(entry.key, entry.value);
  if (!stamps || entry.key.size() != 16 || stamps->size() < 16) {
    return base::fail(Errc::Corrupt, "a row is damaged");
  }
  return Ledger::Row{number_at(entry.key, 0), number_at(entry.key, 8), number_at(*stamps, 0),
                     number_at(*stamps, 8), std::string(stamps->substr(16))};
}

std::optional<std::uint64_t> digest_of(std::string_view place, std::string_view value) {
  const auto plain = unseal(std::string(kDigestKey).append(place), value);
  if (!plain || plain->size() != sizeof(std::uint64_t)) return {};
  return number_at(*plain, 0);
}

// A file that was cut short would end the process by SIGBUS; with the rest as zeros, the checksums tell.
base::Status extend(const lmdb::Env& env) {
  struct stat status{};
  const auto wanted = static_cast<off_t>((env.last_page() + 1) * env.page_bytes());
  if (::fstat(env.descriptor(), &status) != 0)
    return base::fail_system("cannot examine the purge state", errno);
  if (status.st_size >= wanted || ::ftruncate(env.descriptor(), wanted) == 0) return {};
  return base::fail_system("cannot extend the purge state", errno);
}

}  // namespace

base::Result<LedgerTables> LedgerTables::open(const std::string& folder, std::uint64_t map_bytes) {
  auto env = lmdb::Env::open({.folder = folder, .map_bytes = map_bytes, .databases = 2});
  if (!env) return std::unexpected(env.error());
  if (::flock(env->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    return base::fail(Errc::Busy, "the purge state in '" + folder + "' is in use by another process");
  }
  if (auto extended = extend(*env); !extended) return std::unexpected(extended.error());
  LedgerTables tables(std::move(*env));
  for (auto [name, dbi] : {std::pair("rows", &tables.rows_), std::pair("place", &tables.place_)}) {
    auto opened = tables.env_.database(name);
    if (!opened) return std::unexpected(opened.error());
    *dbi = *opened;
  }
  return tables;
}

base::Result<LedgerPlace> LedgerTables::load(std::vector<Ledger::Row>& rows) const {
  auto txn = lmdb::Txn::begin(env_, lmdb::Txn::Mode::Read);
  if (!txn) return std::unexpected(txn.error());
  const auto stored = txn->find(place_, kPlaceKey);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return base::fail(Errc::NotFound, "there is no purge state yet");
  const auto plain = unseal(kPlaceKey, **stored);
  if (!plain || plain->size() < 24) return base::fail(Errc::Corrupt, "its place on the log is damaged");
  const auto digest = txn->find(place_, kDigestKey);
  if (!digest) return std::unexpected(digest.error());
  const LedgerPlace place{.epoch = static_cast<std::uint16_t>(number_at(*plain, 0)),
                          .sequence = number_at(*plain, 8),
                          .floor = number_at(*plain, 16),
                          .log_id = std::string(plain->substr(24)),
                          .digest = *digest ? digest_of(*plain, **digest) : std::nullopt};
  auto cursor = lmdb::Cursor::open(*txn, rows_);
  if (!cursor) return std::unexpected(cursor.error());
  for (auto entry = cursor->first();; entry = cursor->next()) {
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return place;
    auto row = row_of(**entry);
    if (!row) return std::unexpected(row.error());
    rows.push_back(*row);
  }
}

base::Status LedgerTables::drop_rows_to(lmdb::Txn& txn, Stamp floor, const Ledger::Names& spared) const {
  auto cursor = lmdb::Cursor::open(txn, rows_);
  if (!cursor) return std::unexpected(cursor.error());
  for (auto entry = cursor->first();; entry = cursor->next()) {
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return {};
    const auto row = row_of(**entry);
    if (!row) return std::unexpected(row.error());
    if (row->newest() > floor || spared.contains(row->name())) continue;
    if (auto erased = cursor->erase(); !erased) return erased;
  }
}

base::Status LedgerTables::put_rows(lmdb::Txn& txn, std::span<const Ledger::Row> rows) const {
  for (const Ledger::Row& row : rows) {
    std::string key;
    append(key, row.name_high);
    append(key, row.name_low);
    std::string value;
    append(value, row.hard);
    append(value, row.soft);
    value += row.text;
    seal(key, value);
    if (auto put = txn.put(rows_, key, value); !put) return put;
  }
  return {};
}

base::Status LedgerTables::put_place(lmdb::Txn& txn, const LedgerPlace& place) const {
  std::string value;
  append(value, place.epoch);
  append(value, place.sequence);
  append(value, place.floor);
  value += place.log_id;
  if (place.digest) {
    std::string digest;
    append(digest, *place.digest);
    seal(std::string(kDigestKey).append(value), digest);
    if (auto put = txn.put(place_, kDigestKey, digest); !put) return put;
  } else if (auto erased = txn.erase(place_, kDigestKey); !erased) {
    return erased;
  }
  seal(kPlaceKey, value);
  return txn.put(place_, kPlaceKey, value);
}

}  // namespace purge
