// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/base/executor.h"
#include "edge/http/session.h"
#include "edge/loop/loop.h"
#include "edge/loop/proxy_header.h"
#include "edge/loop/tls_context.h"
#include "edge/loop/transport.h"

namespace http {

class ConnectionSet;

/// One client connection from accept to close: PROXY header, handshake, choice of the protocol, session,
/// orderly end. Input is read when the socket has some, and what it brings about at once is written before
/// another connection is read; what comes later is written once, at the end of its turn. Owned by its
/// ConnectionSet, which ends it at the end of a turn; home thread only.
class Connection final : public SessionHost {
 public:
  /// A socket as the listener gave it.
  struct Accepted {
    int fd = -1;  ///< owned from here on
    ConnectionInfo info{};
    std::shared_ptr<loop::TlsContext> tls{};
    bool proxy_protocol = false;
  };
  Connection(ConnectionSet& set, std::shared_ptr<const Limits> limits, Accepted accepted);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Reads what was held back, then answers. Called by the set for each connection that was woken.
  void turn_end();
  void drain();
  /// To be destroyed by the set.
  bool dead() const { return phase_ == Phase::Dead; }

  void wake() override;
  const ConnectionInfo& info() const override { return info_; }
  const Limits& limits() const override { return *limits_; }
  HandlerMaker& maker() override;
  const base::Clock& clock() const override;
  LiveCounters& counters() override;

  /// Position in the set's list, and whether it waits for its turn_end(); the set's business.
  std::size_t index = 0;
  bool woken = false;

 private:
  enum class Phase : std::uint8_t { ProxyHeader, Opening, Talking, Lingering, Dead };

  void on_ready(int events);
  void on_timer();
  void read_proxy_header();
  void open_transport(std::string early);
  void read();
  /// Bytes of the client, or none when only the handshake went on.
  void take(std::string_view bytes);
  /// Chooses the protocol once it is known; false: not yet.
  bool choose_session();
  /// Produces, flushes, and says what to wait for.
  void answer();
  void flush();
  void produce();
  void settle();
  void begin_linger();
  void die();
  void watch();
  base::Steady deadline() const;
  bool wants_input() const;
  void count_bytes();
  base::Steady now() const { return clock().steady(); }

  ConnectionSet& set_;
  std::shared_ptr<const Limits> limits_;
  ConnectionInfo info_;
  std::shared_ptr<loop::TlsContext> tls_;
  int fd_;  ///< until the transport owns it
  std::unique_ptr<loop::ProxyHeader> proxy_{};
  std::unique_ptr<loop::Transport> transport_{};
  std::unique_ptr<loop::Poll> poll_{};
  std::unique_ptr<Session> session_{};
  std::string early_{};  ///< bytes that came before the protocol was known
  Phase phase_;
  bool draining_ = false;
  bool unread_ = false;  ///< the socket may have bytes that nobody wanted yet
  bool input_ended_ = false;
  int watched_ = -1;
  base::Steady since_;     ///< of the phase
  base::Steady progress_;  ///< when the client last took a byte
  std::uint64_t counted_in_ = 0;
  std::uint64_t counted_out_ = 0;
  base::Steady timer_at_ = base::Steady::max();
  base::Timer timer_;
};

}  // namespace http
