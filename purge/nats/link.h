// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/executor.h"
#include "edge/base/random.h"

/// NATS as the purge log uses it: connections, and the JetStream stream that holds the purges. The only
/// folder that includes <nats/nats.h>. All of it may block on the network: it lives on a thread of its own,
/// never on an event loop that serves.
namespace nats {

/// How to reach the servers.
struct Access {
  std::vector<std::string> servers{};  ///< "nats://host:4222", "tls://…"; one of them is taken by chance
  std::string domain{};                ///< JetStream domain, where leaf nodes lie between; may be empty
  std::string credentials_file{};      ///< a user's JWT and seed
  std::string user{};
  std::string password{};
  std::string token{};
  bool tls = false;
  std::string ca_file{};
  std::string certificate_file{};  ///< of this client, with its key
  std::string key_file{};
  std::chrono::milliseconds timeout{2'000};  ///< of a connection's begin, and of one request
  bool operator==(const Access&) const = default;
};

/// What came for a subscription or a request.
struct Message {
  std::string subject{};
  std::string payload{};
  std::uint64_t sequence = 0;  ///< of the stream, if the server has put it out again from there
};

using Header = std::pair<std::string, std::string>;

/// One connection, made anew by connect() when it was lost. Lives on `home`, whose thread it may block.
class Link {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_message(Message message) = 0;
    /// The connection is lost: what was asked gets its error, then this is called.
    virtual void on_lost(const std::string& reason) = 0;
  };
  using Answer = std::move_only_function<void(base::Result<Message>)>;

  /// `name` is shown in the server's lists.
  Link(base::Executor& home, Access access, std::string name, Listener& listener);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Blocks for as long as each server may take. An earlier connection is closed.
  base::Status connect();
  void close();
  bool connected() const { return connection_ != nullptr; }

  base::Status subscribe(const std::string& subject);
  base::Status publish(const std::string& subject, std::string_view payload, const std::string& reply = {},
                       const std::vector<Header>& headers = {});
  /// Errc::Unavailable if nobody is there or the connection is lost, Timeout, or Invalid if it is too large.
  void request(const std::string& subject, std::string_view payload, Answer answer,
               const std::vector<Header>& headers = {});
  const Access& access() const { return access_; }
  base::Executor& home() { return home_; }

 private:
  friend struct Arrivals;
  struct Asked {
    Answer answer{};
    base::Steady deadline{};
  };
  void arrived(Message message, bool nobody_there);
  void lost(const std::string& reason);
  void look_for_late();
  void fail_all(const std::string& reason);

  base::Executor& home_;
  const Access access_;
  const std::string name_;
  Listener& listener_;
  base::Random random_;
  std::string inbox_{};
  void* connection_ = nullptr;          ///< natsConnection
  std::vector<void*> subscriptions_{};  ///< natsSubscription
  std::uint64_t arrivals_ = 0;          ///< under which callbacks of this connection are known
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Asked> asked_{};
  std::set<std::pair<base::Steady, std::uint64_t>> deadlines_{};
  base::Timer timer_;
};

}  // namespace nats
