// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/clock.h"
#include "edge/http/client.h"

namespace http {

class Transfer;

/// Which transfers may go to curl now, and which wait. curl would queue them too, but in one line for all
/// servers, where those that wait for a busy one stand in the way of others. What takes its client's pace
/// (ClientRequest::pass) may use a part of a server's connections only. Owned by the Multi; home thread only.
class TransferQueue {
  struct Server;

 public:
  explicit TransferQueue(const ClientLimits& limits);
  ~TransferQueue();

  /// Where a transfer stands; the queue's business.
  struct Place {
    Server* server = nullptr;  ///< null: nowhere
    std::list<Transfer*>::iterator at{};
    std::uint64_t ticket = 0;
    bool pass = false;
    bool running = false;
  };

  /// `transfer` waits from now on. `server` tells apart what has connections of its own.
  void push(Transfer& transfer, const std::string& server, bool pass);
  /// The next that may go, which runs from now on; null: none may.
  Transfer* pop();
  /// Those that may go and those that may not.
  std::size_t waiting() const { return waiting_; }
  /// `transfer` is gone, whether it waited or ran.
  void erase(Transfer& transfer);
  /// Whether a running transfer takes its client's pace is known better now.
  void set_pass(Transfer& transfer, bool pass);
  /// Whether the server of `transfer` answers many requests on one connection.
  void note_multiplexing(Transfer& transfer, bool multiplexes);
  /// What should end so that `waiting` may go: the slowest of those that are held back by clients slower than
  /// allowed. Null: nothing, or others are before it.
  Transfer* in_the_way_of(const Transfer& waiting, base::Steady now);

 private:
  Server& server_named(const std::string& name);
  Transfer* pop_from(Server& server);
  bool has_room(const Server& server) const;
  bool has_room_for_pass(const Server& server) const;

  const ClientLimits limits_;
  std::vector<std::unique_ptr<Server>> servers_{};
  std::size_t turn_ = 0;  ///< whose turn it was last
  std::size_t waiting_ = 0;
  std::size_t connections_ = 0;  ///< that running transfers may have open, at most
  std::uint64_t last_ticket_ = 0;
};

}  // namespace http
