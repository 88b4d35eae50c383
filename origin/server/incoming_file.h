// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "origin/server/digest.h"
#include "origin/server/file_facts.h"
#include "origin/server/root.h"

namespace origin {

/// Judges a request's preconditions by what is there now: null if nothing is. An error ends the change.
using Judge = std::function<Outcome<void>(const FileFacts*)>;

/// A file on its way in: written to the reserved folder, then put in place at once by a rename, so that a
/// reader sees the old file or the new one, whole. Its end without commit() removes it. All calls do file
/// I/O: on a FilePool thread, one at a time.
class IncomingFile {
 public:
  /// Asks `judge` once now, so that what cannot succeed is refused before its body is taken.
  static Outcome<std::unique_ptr<IncomingFile>> open(const Root& root, std::string name,
                                                     PromisedDigests promised, const Judge& judge);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  Outcome<void> write(std::string_view bytes);

  struct Committed {
    bool replaced = false;  ///< there was a file of that name
    FileFacts facts{};
  };
  /// Checks the digests, makes the bytes durable, asks `judge`, renames, makes the rename durable. Once.
  Outcome<Committed> commit(const Judge& judge);

 private:
  IncomingFile(const Root& root, std::string name, Root::Scratch scratch, PromisedDigests promised);
  Outcome<Descriptor> put_in_place(const Judge& judge, Committed& committed);
  Outcome<Descriptor> try_to_place(const SplitName& split, const Judge& judge, Committed& committed);

  const Root& root_;
  std::string name_;
  Root::Scratch scratch_;
  BodyHash hash_;
  bool placed_ = false;
};

/// Removes the file `name` and then the folders that this leaves empty. 404 if there is none, 409 if it is a
/// folder.
Outcome<void> remove_file(const Root& root, const std::string& name, const Judge& judge);

}  // namespace origin
