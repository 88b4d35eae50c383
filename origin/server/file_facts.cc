// SPDX-License-Identifier: Apache-2.0
#include "origin/server/file_facts.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "edge/base/hash.h"
#include "edge/base/text.h"
#include "edge/http/date.h"
#include "origin/server/base64.h"

namespace origin {
namespace {

constexpr const char* kAttribute = "user.selvage.sha256";

std::chrono::nanoseconds changed_at(const struct stat& status) {
  return std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
}

/// The attribute's text: "HASH SIZE MTIME_NS". Size and time make the hash void when the file is changed by
/// hand.
std::string stamp(const struct stat& status) {
  return std::to_string(status.st_size) + " " + std::to_string(changed_at(status).count());
}

std::string kept_hash(int fd, const struct stat& status) {
  std::array<char, 160> room{};
  const ssize_t size = ::fgetxattr(fd, kAttribute, room.data(), room.size());
  if (size <= 65 || room[64] != ' ') return {};
  const std::string_view text(room.data(), static_cast<std::size_t>(size));
  if (text.substr(65) != stamp(status)) return {};
  return base::unhex(text.substr(0, 64)).value_or("");
}

std::string stat_etag(const struct stat& status) {
  const std::string text =
      std::to_string(status.st_dev) + " " + std::to_string(status.st_ino) + " " + stamp(status);
  const base::Hash128 hash = base::hash128(text);
  std::array<char, 36> out{};
  std::snprintf(out.data(), out.size(), "\"%016lx%016lx\"", hash.high, hash.low);
  return out.data();
}

}  // namespace

Outcome<FileFacts> facts_of(int fd, const std::string& name) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return refuse_system("reading the facts of", name, errno);
  FileFacts facts;
  facts.folder = S_ISDIR(status.st_mode);
  facts.regular = S_ISREG(status.st_mode);
  facts.size = static_cast<std::uint64_t>(status.st_size);
  facts.modified = base::Wall(std::chrono::duration_cast<base::Wall::duration>(changed_at(status)));
  if (facts.regular) facts.sha256 = kept_hash(fd, status);
  facts.etag = facts.sha256.empty() ? stat_etag(status) : "\"" + base::hex(facts.sha256) + "\"";
  return facts;
}

bool keep_hash(int fd, std::string_view sha256) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return false;
  const std::string text = base::hex(sha256) + " " + stamp(status);
  return ::fsetxattr(fd, kAttribute, text.data(), text.size(), 0) == 0;
}

void add_validators(const FileFacts& facts, http::Fields& fields) {
  fields.add("etag", facts.etag);
  fields.add("last-modified", http::format_date(facts.modified));
  if (!facts.sha256.empty()) fields.add("repr-digest", "sha-256=:" + to_base64(facts.sha256) + ":");
}

}  // namespace origin
