// SPDX-License-Identifier: Apache-2.0
#include "store/lmdb/database.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lmdb {
namespace {

base::Errc errc_of(int code) {
  switch (code) {
    case MDB_NOTFOUND: return base::Errc::NotFound;
    case MDB_MAP_FULL: return base::Errc::Limit;
    case MDB_BAD_TXN:  // an earlier call met a broken page
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PAGE_FULL:
    case MDB_CURSOR_FULL:
    case MDB_INCOMPATIBLE:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH: return base::Errc::Corrupt;
    default: return base::Errc::System;
  }
}

// A change frees the pages that a value says it has, and writes to those that the list of free ones names: only
// broken ones are more than there is memory for, or beyond the largest file.
int change_code(int code) {
  rlimit limit{};
  const bool limited = ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
  return code == ENOMEM || (code == EFBIG && !limited) ? MDB_CORRUPTED : code;
}

// LMDB maps as much as the file says that it has pages, if that is more than it was asked for.
int open_code(int code, std::uint64_t map_bytes) {
  if (code != ENOMEM && code != EINVAL && code != EOVERFLOW) return code;
  void* map = ::mmap(nullptr, map_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return code;
  ::munmap(map, map_bytes);
  return MDB_CORRUPTED;
}

base::Status status_of(const char* what, int code) {
  if (code != MDB_SUCCESS) return fail(what, code);
  return {};
}

}  // namespace

std::unexpected<base::Error> fail(std::string what, int code) {
  what += ": ";
  what += mdb_strerror(code);
  return base::fail(errc_of(code), std::move(what));
}

base::Result<Env> Env::open(const Options& options) {
  std::error_code made;
  std::filesystem::create_directories(options.folder, made);
  if (made) return base::fail(base::Errc::System, "cannot make folder '" + options.folder + "': " + made.message());
  MDB_env* raw = nullptr;
  if (const int code = mdb_env_create(&raw)) return fail("mdb_env_create", code);
  Env env(raw);
  constexpr std::uint64_t kPage = 4096;
  const std::uint64_t map = (options.map_bytes + kPage - 1) / kPage * kPage;
  mdb_env_set_mapsize(raw, map);
  mdb_env_set_maxdbs(raw, options.databases);
  mdb_env_set_maxreaders(raw, options.readers);
  const int code = open_code(mdb_env_open(raw, options.folder.c_str(), options.flags | MDB_NOTLS, 0640), map);
  if (code != MDB_SUCCESS) return fail("cannot open the LMDB files in '" + options.folder + "'", code);
  return env;
}

Env::Env(Env&& other) noexcept : env_(std::exchange(other.env_, nullptr)) {}
Env& Env::operator=(Env&& other) noexcept {
  std::swap(env_, other.env_);
  return *this;
}
Env::~Env() {
  if (env_ != nullptr) mdb_env_close(env_);
}

base::Result<MDB_dbi> Env::database(const std::string& name, unsigned flags) {
  auto txn = Txn::begin(*this, Txn::Mode::Write);
  if (!txn) return std::unexpected(txn.error());
  MDB_dbi dbi = 0;
  if (const int code = mdb_dbi_open(txn->native(), name.c_str(), flags, &dbi)) {
    return fail("cannot open database '" + name + "'", code);
  }
  if (auto done = txn->commit(); !done) return std::unexpected(done.error());
  return dbi;
}

base::Status Env::sync() { return status_of("mdb_env_sync", mdb_env_sync(env_, 1)); }

base::Status Env::clear_dead_readers() {
  int dead = 0;
  return status_of("mdb_reader_check", mdb_reader_check(env_, &dead));
}

std::size_t Env::page_bytes() const {
  MDB_stat stat{};
  mdb_env_stat(env_, &stat);
  return stat.ms_psize;
}

std::uint64_t Env::map_bytes() const {
  MDB_envinfo about{};
  mdb_env_info(env_, &about);
  return about.me_mapsize;
}

std::uint64_t Env::last_page() const {
  MDB_envinfo about{};
  mdb_env_info(env_, &about);
  return about.me_last_pgno;
}

int Env::descriptor() const {
  mdb_filehandle_t file = -1;
  mdb_env_get_fd(env_, &file);
  return file;
}

base::Result<Txn> Txn::begin(const Env& env, Mode mode) {
  MDB_txn* raw = nullptr;
  const int code = mdb_txn_begin(env.native(), nullptr, mode == Mode::Read ? MDB_RDONLY : 0, &raw);
  if (code != MDB_SUCCESS) return fail("mdb_txn_begin", code);
  return Txn(raw);
}

Txn::Txn(Txn&& other) noexcept : txn_(std::exchange(other.txn_, nullptr)) {}
Txn& Txn::operator=(Txn&& other) noexcept {
  std::swap(txn_, other.txn_);
  return *this;
}
Txn::~Txn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

base::Result<std::string_view> Txn::get(MDB_dbi dbi, std::string_view key) const {
  MDB_val k = to_val(key);
  MDB_val v{};
  if (const int code = mdb_get(txn_, dbi, &k, &v)) return fail("mdb_get", code);
  return to_view(v);
}

base::Result<std::optional<std::string_view>> Txn::find(MDB_dbi dbi, std::string_view key) const {
  MDB_val k = to_val(key);
  MDB_val v{};
  const int code = mdb_get(txn_, dbi, &k, &v);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != MDB_SUCCESS) return fail("mdb_get", code);
  return to_view(v);
}

base::Status Txn::put(MDB_dbi dbi, std::string_view key, std::string_view value, unsigned flags) {
  MDB_val k = to_val(key);
  MDB_val v = to_val(value);
  return status_of("mdb_put", change_code(mdb_put(txn_, dbi, &k, &v, flags)));
}

base::Result<char*> Txn::reserve(MDB_dbi dbi, std::string_view key, std::size_t size, unsigned flags) {
  MDB_val k = to_val(key);
  MDB_val v{size, nullptr};
  if (const int code = mdb_put(txn_, dbi, &k, &v, flags | MDB_RESERVE)) return fail("mdb_put", change_code(code));
  return static_cast<char*>(v.mv_data);
}

base::Status Txn::erase(MDB_dbi dbi, std::string_view key) {
  MDB_val k = to_val(key);
  const int code = mdb_del(txn_, dbi, &k, nullptr);
  return status_of("mdb_del", code == MDB_NOTFOUND ? MDB_SUCCESS : code);
}

base::Status Txn::drop(MDB_dbi dbi) { return status_of("mdb_drop", mdb_drop(txn_, dbi, 0)); }

base::Result<MDB_stat> Txn::stat(MDB_dbi dbi) const {
  MDB_stat out{};
  if (const int code = mdb_stat(txn_, dbi, &out)) return fail("mdb_stat", code);
  return out;
}

base::Status Txn::commit() { return status_of("mdb_txn_commit", change_code(mdb_txn_commit(std::exchange(txn_, nullptr)))); }

base::Result<Cursor> Cursor::open(const Txn& txn, MDB_dbi dbi) {
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(txn.native(), dbi, &raw)) return fail("mdb_cursor_open", code);
  return Cursor(raw);
}

Cursor::Cursor(Cursor&& other) noexcept : cursor_(std::exchange(other.cursor_, nullptr)) {}
Cursor& Cursor::operator=(Cursor&& other) noexcept {
  std::swap(cursor_, other.cursor_);
  return *this;
}
Cursor::~Cursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

base::Result<std::optional<Cursor::Entry>> Cursor::move(MDB_val key, MDB_cursor_op op) {
  MDB_val value{};
  const int code = mdb_cursor_get(cursor_, &key, &value, op);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != MDB_SUCCESS) return fail("mdb_cursor_get", code);
  return Entry{to_view(key), to_view(value)};
}

base::Result<std::optional<Cursor::Entry>> Cursor::first() { return move({}, MDB_FIRST); }
base::Result<std::optional<Cursor::Entry>> Cursor::last() { return move({}, MDB_LAST); }
base::Result<std::optional<Cursor::Entry>> Cursor::next() { return move({}, MDB_NEXT); }
base::Result<std::optional<Cursor::Entry>> Cursor::at_or_after(std::string_view key) {
  return move(to_val(key), MDB_SET_RANGE);
}
base::Status Cursor::erase() { return status_of("mdb_cursor_del", change_code(mdb_cursor_del(cursor_, 0))); }

}  // namespace lmdb
