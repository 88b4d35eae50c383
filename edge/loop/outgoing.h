// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "edge/base/chunk.h"
#include "edge/loop/socket.h"
#include "edge/loop/transport.h"

namespace loop {

/// Bytes on their way out of one transport. While it writes they gather in one warm buffer that all
/// transports of the thread take turns with, and flush() sends them in one call. Only what the kernel did not
/// take, or what another transport's turn displaced, is kept in chunks of its own: an idle connection holds
/// none. What all of a thread keep together is bounded by kKeptBytes and a record for each, as long as
/// writers heed allowance(). A member of its transport; home thread only.
class Outgoing {
 public:
  explicit Outgoing(Socket& socket) : socket_(socket) {}
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  void append(std::string_view bytes);
  /// Ok: nothing is left. Again: the socket is full.
  Transport::Io flush();
  std::size_t pending() const;
  /// See Transport::allowance().
  std::size_t allowance() const;

  static constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kRecordBytes = 16 * 1024;
  static constexpr std::size_t kBurstBytes = 224 * 1024;
  /// A burst with the framing of its records, and the record that went beyond it.
  static constexpr std::size_t kSharedBytes = kBurstBytes + 2 * kRecordBytes;

 private:
  struct Shared;
  static Shared& shared();
  void leave_shared();
  void keep(std::string_view bytes);
  void drop_first();

  Socket& socket_;
  std::vector<base::ChunkRef> own_;  ///< if not empty, new bytes go here: they come after
  std::size_t own_begin_ = 0;        ///< what came before in the first chunk is sent
  std::size_t burst_ =
      kRecordBytes;        ///< grows with what the socket takes, so that many new peers all begin soon
  bool was_full_ = false;  ///< the socket was once; from then on it is asked for its room
};

}  // namespace loop
