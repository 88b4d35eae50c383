// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/base/error.h"

/// LMDB as C++ objects: environments, transactions and cursors that end themselves, errors as base::Error. The only folder that
/// includes <lmdb.h>. All of it may block on the disk: never on an event loop.
namespace lmdb {

/// Text of an LMDB or errno code as an Error (Errc::System; MDB_NOTFOUND is Errc::NotFound, MDB_MAP_FULL Errc::Limit,
/// MDB_CORRUPTED, MDB_INVALID and whatever else only broken pages lead to are Errc::Corrupt).
std::unexpected<base::Error> fail(std::string what, int code);

/// An open database file (one folder with data.mdb and lock.mdb). Any thread; at most one write transaction at a time.
class Env {
 public:
  struct Options {
    std::string folder{};          ///< made if missing (with its parents)
    std::uint64_t map_bytes = 0;   ///< rounded up to whole pages; the largest size that the file can reach
    unsigned databases = 4;
    unsigned readers = 126;
    unsigned flags = 0;            ///< MDB_NOMETASYNC, MDB_NORDAHEAD, …; MDB_NOTLS is always set
  };
  static base::Result<Env> open(const Options& options);

  Env(Env&& other) noexcept;
  Env& operator=(Env&& other) noexcept;
  ~Env();

  MDB_env* native() const { return env_; }
  /// Opens (creates) a named database. Call before other threads use the environment.
  base::Result<MDB_dbi> database(const std::string& name, unsigned flags = MDB_CREATE);
  base::Status sync();
  /// Frees the slots of readers whose process has died; while they are taken, pages are not reused.
  base::Status clear_dead_readers();
  std::size_t page_bytes() const;
  std::uint64_t map_bytes() const;
  std::uint64_t last_page() const;  ///< highest page in use: the file's high-water mark
  int descriptor() const;           ///< of data.mdb, owned by the environment

 private:
  explicit Env(MDB_env* env) : env_(env) {}
  MDB_env* env_ = nullptr;
};

inline MDB_val to_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view to_view(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

/// A transaction. Read transactions should end within the job that began them: a long one keeps pages from being reused.
class Txn {
 public:
  enum class Mode { Read, Write };
  static base::Result<Txn> begin(const Env& env, Mode mode);
  Txn(Txn&& other) noexcept;
  Txn& operator=(Txn&& other) noexcept;
  ~Txn();  ///< aborts what was not committed

  MDB_txn* native() const { return txn_; }
  /// The value under `key`; a view into the map, valid until the transaction ends (or, when writing, until the next write).
  base::Result<std::string_view> get(MDB_dbi dbi, std::string_view key) const;
  /// As get, where it is no error that there is nothing.
  base::Result<std::optional<std::string_view>> find(MDB_dbi dbi, std::string_view key) const;
  base::Status put(MDB_dbi dbi, std::string_view key, std::string_view value, unsigned flags = 0);
  /// Room of `size` bytes under `key` for the caller to fill before the next call.
  base::Result<char*> reserve(MDB_dbi dbi, std::string_view key, std::size_t size, unsigned flags = 0);
  /// Whether there was anything to remove is not an error: NotFound is success.
  base::Status erase(MDB_dbi dbi, std::string_view key);
  base::Status drop(MDB_dbi dbi);  ///< empties the database
  base::Result<MDB_stat> stat(MDB_dbi dbi) const;
  base::Status commit();

 private:
  explicit Txn(MDB_txn* txn) : txn_(txn) {}
  MDB_txn* txn_ = nullptr;
};

/// A position in a database; must end before its transaction does.
class Cursor {
 public:
  struct Entry {
    std::string_view key;
    std::string_view value;
  };
  static base::Result<Cursor> open(const Txn& txn, MDB_dbi dbi);
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&& other) noexcept;
  ~Cursor();

  /// Nothing at the end. An Error for anything else.
  base::Result<std::optional<Entry>> first();
  base::Result<std::optional<Entry>> last();
  base::Result<std::optional<Entry>> next();
  base::Result<std::optional<Entry>> at_or_after(std::string_view key);
  base::Status erase();

 private:
  explicit Cursor(MDB_cursor* cursor) : cursor_(cursor) {}
  base::Result<std::optional<Entry>> move(MDB_val key, MDB_cursor_op op);
  MDB_cursor* cursor_ = nullptr;
};

}  // namespace lmdb
