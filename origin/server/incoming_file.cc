// SPDX-License-Identifier: Apache-2.0
#include "origin/server/incoming_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace origin {
namespace {

/// Facts of what `name` is now; nothing if there is nothing.
Outcome<std::optional<FileFacts>> present_facts(const Root& root, const std::string& name) {
  const auto file = root.open_file(name);
  if (!file) {
    if (file.error().status == 404) return std::nullopt;
    return std::unexpected(file.error());
  }
  auto facts = facts_of(file->get(), name);
  if (!facts) return std::unexpected(facts.error());
  if (facts->folder) return refuse(409, "'/" + name + "' is a folder");
  if (!facts->regular) return refuse(409, "'/" + name + "' is not a regular file");
  return std::optional(std::move(*facts));
}

/// Removes the file and the folders that are empty then; the folder that is left.
Outcome<Descriptor> unlink_file(const Root& root, const std::string& name, const Judge& judge) {
  const std::lock_guard lock(root.changes());
  const auto present = present_facts(root, name);
  if (!present) return std::unexpected(present.error());
  if (auto allowed = judge(*present ? &**present : nullptr); !allowed)
    return std::unexpected(allowed.error());
  if (!*present) return refuse_system("removing", name, ENOENT);

  SplitName split = split_name(name);
  auto folder = root.open_folder(split.folder, false);
  if (!folder) return std::unexpected(folder.error());
  if (::unlinkat(folder->get(), split.leaf.c_str(), 0) != 0) return refuse_system("removing", name, errno);
  // Folders exist only for the files in them. One that is not empty ends the walk.
  while (!split.folder.empty()) {
    split = split_name(split.folder);
    auto parent = root.open_folder(split.folder, false);
    if (!parent || ::unlinkat(parent->get(), split.leaf.c_str(), AT_REMOVEDIR) != 0) break;
    folder = std::move(parent);
  }
  return folder;
}

}  // namespace

IncomingFile::IncomingFile(const Root& root, std::string name, Root::Scratch scratch,
                           PromisedDigests promised)
    : root_(root), name_(std::move(name)), scratch_(std::move(scratch)), hash_(std::move(promised)) {}

Outcome<std::unique_ptr<IncomingFile>> IncomingFile::open(const Root& root, std::string name,
                                                          PromisedDigests promised, const Judge& judge) {
  const auto present = present_facts(root, name);
  if (!present) return std::unexpected(present.error());
  if (auto allowed = judge(*present ? &**present : nullptr); !allowed)
    return std::unexpected(allowed.error());
  auto scratch = root.make_scratch();
  if (!scratch) return std::unexpected(scratch.error());
  return std::unique_ptr<IncomingFile>(
      new IncomingFile(root, std::move(name), std::move(*scratch), std::move(promised)));
}

IncomingFile::~IncomingFile() {
  if (!placed_) ::unlinkat(root_.scratch_folder(), scratch_.name.c_str(), 0);
}

Outcome<void> IncomingFile::write(std::string_view bytes) {
  hash_.update(bytes);
  while (!bytes.empty()) {
    const ssize_t n = ::write(scratch_.file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refuse_system("writing", name_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Outcome<IncomingFile::Committed> IncomingFile::commit(const Judge& judge) {
  const auto sha256 = hash_.finish();
  if (!sha256) return std::unexpected(sha256.error());
  static_cast<void>(
      keep_hash(scratch_.file.get(), *sha256));  // not everywhere possible; then the tag is made otherwise
  if (::fsync(scratch_.file.get()) != 0) return refuse_system("writing", name_, errno);
  Committed committed;
  auto folder = put_in_place(judge, committed);
  if (!folder) return std::unexpected(folder.error());
  root_.settle_folders();
  if (::fsync(folder->get()) != 0) return refuse_system("writing the folder of", name_, errno);
  auto facts = facts_of(scratch_.file.get(), name_);
  if (!facts) return std::unexpected(facts.error());
  committed.facts = std::move(*facts);
  return committed;
}

/// The folder that it is in now. Other changes wait while a name is judged and renamed, and for nothing else:
/// folders are made, which waits for the disk, in between.
Outcome<Descriptor> IncomingFile::put_in_place(const Judge& judge, Committed& committed) {
  const SplitName split = split_name(name_);
  for (unsigned turn = 1;; ++turn) {
    auto folder = try_to_place(split, judge, committed);
    // A removal may take an empty folder away again before the file is in it.
    constexpr unsigned kTurnsMax = 100;
    if (folder || folder.error().status != 404 || turn == kTurnsMax) return folder;
    const auto made = root_.open_folder(split.folder, true);
    if (!made && made.error().status != 404) return std::unexpected(made.error());
  }
}

/// 404: there is no such folder.
Outcome<Descriptor> IncomingFile::try_to_place(const SplitName& split, const Judge& judge,
                                               Committed& committed) {
  const std::lock_guard lock(root_.changes());
  const auto present = present_facts(root_, name_);
  if (!present) return std::unexpected(present.error());
  if (auto allowed = judge(*present ? &**present : nullptr); !allowed)
    return std::unexpected(allowed.error());
  auto folder = root_.open_folder(split.folder, false);
  if (!folder) return folder;
  if (::renameat(root_.scratch_folder(), scratch_.name.c_str(), folder->get(), split.leaf.c_str()) != 0) {
    if (errno == EISDIR) return refuse(409, "'/" + name_ + "' is a folder");
    if (errno == EXDEV) {
      return refuse(500, "'/" + split.folder +
                             "' is on another file system than the root: uploads there are not possible");
    }
    return refuse_system("putting in place", name_, errno);
  }
  placed_ = true;
  committed.replaced = present->has_value();
  return folder;
}

Outcome<void> remove_file(const Root& root, const std::string& name, const Judge& judge) {
  const auto folder = unlink_file(root, name, judge);
  if (!folder) return std::unexpected(folder.error());
  if (::fsync(folder->get()) != 0) return refuse_system("writing the folder of", name, errno);
  return {};
}

}  // namespace origin
