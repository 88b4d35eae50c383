// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "origin/server/change.h"
#include "origin/server/incoming_file.h"

namespace origin {

/// PUT: the body goes to the disk as it comes, never more than the session's request window of it is in
/// memory; answered 201 or 204 when the file is durable and in place. Whatever ends it before leaves nothing
/// changed.
///
/// States: opening -> (writing <-> waiting for the client) -> committing -> answered. `busy_` while the pool
/// works for it.
class Upload final : public Change {
 public:
  using Change::Change;
  void start() override;
  void on_body(std::string_view bytes) override;
  void on_body_end() override;

 private:
  using File = std::shared_ptr<IncomingFile>;  ///< ends on a pool thread, wherever its last owner lets go

  Outcome<PromisedDigests> promises() const;
  Refusal too_large() const;
  void open(std::string name, PromisedDigests promised);
  void step();
  void write();
  void commit();
  void answer(const IncomingFile::Committed& committed);
  void give_up(const Refusal& refusal);

  File file_;
  std::string waiting_;  ///< body bytes that the pool does not have yet
  std::uint64_t received_ = 0;
  bool busy_ = false;
  bool body_over_ = false;
  bool answered_ = false;
  base::Anchor anchor_;
};

}  // namespace origin
