// SPDX-License-Identifier: Apache-2.0
//
// Phases: ProxyHeader (listeners that ask for one) -> Opening (handshake, or the first bytes of a plain
// connection) -> Talking (a session runs) -> Lingering (our side is closed, the client is read until it
// closes too, lest a reset destroys what is on its way to it) -> Dead. Any phase may go to Dead.
#include "edge/http/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "edge/base/check.h"
#include "edge/base/log.h"
#include "edge/base/text.h"
#include "edge/http/connection_set.h"
#include "edge/http/h1_session.h"
#include "edge/http/h2_session.h"

namespace http {
namespace {

using Io = loop::Transport::Io;

/// RFC 9113 3.4.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes read in one go before other connections have their turn.
constexpr std::size_t kReadBytesMax = 256 * 1024;

}  // namespace

Connection::Connection(ConnectionSet& set, std::shared_ptr<const Limits> limits, Accepted accepted)
    : set_(set),
      limits_(std::move(limits)),
      info_(std::move(accepted.info)),
      tls_(std::move(accepted.tls)),
      fd_(accepted.fd),
      phase_(accepted.proxy_protocol ? Phase::ProxyHeader : Phase::Opening),
      since_(set.loop().clock().steady()),
      progress_(since_),
      timer_(set.loop()) {
  info_.tls = tls_ != nullptr;
  poll_ = std::make_unique<loop::Poll>(set_.loop(), fd_, [this](int events) { on_ready(events); });
  if (!poll_->good()) {
    counters().refused.add(1);
    die();
    return;
  }
  if (accepted.proxy_protocol) {
    proxy_ = std::make_unique<loop::ProxyHeader>();
  } else {
    open_transport({});
  }
  settle();
}

Connection::~Connection() {
  phase_ = Phase::Dead;
  if (session_ && (session_->ends_too_soon() || transport_->pending() > 0)) transport_->reset_at_end();
  session_.reset();
  if (transport_) count_bytes();
  poll_.reset();
  if (fd_ >= 0) ::close(fd_);
}

HandlerMaker& Connection::maker() { return set_.maker(); }
const base::Clock& Connection::clock() const { return set_.loop().clock(); }
LiveCounters& Connection::counters() { return set_.counters(); }

void Connection::wake() {
  if (phase_ != Phase::Dead) set_.wake(*this);
}

void Connection::die() {
  if (phase_ == Phase::Opening && transport_ && transport_->tls()) counters().tls_failed.add(1);
  phase_ = Phase::Dead;
  set_.wake(*this);
}

void Connection::on_ready(int events) {
  if (phase_ == Phase::Dead) return;
  // Nobody is there any more, and there may be nothing to read or to write that would tell.
  if ((events & loop::Poll::Broken) != 0 && !wants_input()) return die();
  // Reading wakes this connection for what follows here at once.
  const bool woken_before = std::exchange(woken, true);
  if (phase_ == Phase::ProxyHeader) {
    read_proxy_header();
  } else {
    if ((events & loop::Poll::Readable) != 0) unread_ = true;
    if (unread_ && wants_input()) read();
  }
  woken = woken_before;
  answer();
  if (phase_ == Phase::Dead) set_.wake(*this);
}

void Connection::read_proxy_header() {
  auto& buffer = set_.read_buffer();
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return die();
  counters().bytes_in.add(static_cast<std::uint64_t>(n));
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
  const std::size_t before = proxy_->used();
  const auto state = proxy_->feed(bytes);
  if (state == loop::ProxyHeader::State::NeedMore) return;
  if (state == loop::ProxyHeader::State::Bad) {
    logs::warn("bad PROXY header", {{"client", info_.client_address}, {"error", proxy_->error()}});
    counters().protocol_errors.add(1);
    return die();
  }
  if (!proxy_->local()) {
    info_.client_address = proxy_->client().address;
    info_.client_port = proxy_->client().port;
    info_.server_address = proxy_->server().address;
    info_.server_port = proxy_->server().port;
  }
  std::string early(bytes.substr(proxy_->used() - before));
  proxy_.reset();
  open_transport(std::move(early));
  if (unread_) read();
}

void Connection::open_transport(std::string early) {
  unread_ = !early.empty();
  const int fd = std::exchange(fd_, -1);
  transport_ = tls_ ? loop::make_tls_transport(set_.loop(), fd, *tls_, std::move(early))
                    : loop::make_plain_transport(set_.loop(), fd, std::move(early));
  tls_.reset();
  phase_ = Phase::Opening;
}

void Connection::read() {
  auto& buffer = set_.read_buffer();
  std::size_t total = 0;
  while (phase_ != Phase::Dead && wants_input()) {
    if (total >= kReadBytesMax) return set_.wake_next_turn(*this);
    const auto [io, bytes] = transport_->read(buffer.data(), buffer.size());
    switch (io) {
      case Io::Ok: take({buffer.data(), bytes}); break;
      case Io::Again:
        unread_ = false;
        take({});
        return;
      case Io::Closed:
        unread_ = false;
        input_ended_ = true;
        if (session_) {
          session_->input_ended();
        } else {
          die();
        }
        return;
      case Io::Failed: return die();
    }
    total += bytes;
  }
}

void Connection::take(std::string_view bytes) {
  if (phase_ == Phase::Lingering) return;
  if (session_) {
    if (!bytes.empty()) session_->receive(bytes);
    return;
  }
  if (!transport_->handshake_done()) return;
  early_ += bytes;
  if (!choose_session()) return;
  phase_ = Phase::Talking;
  if (!early_.empty()) session_->receive(early_);
  std::string().swap(early_);
  if (draining_) session_->drain();
}

bool Connection::choose_session() {
  bool h2 = transport_->alpn() == "h2";
  if (transport_->tls()) {
    counters().tls_handshakes.add(1);
    if (transport_->resumed()) counters().tls_resumed.add(1);
    info_.server_name = base::lowered(transport_->server_name());
  } else {
    const std::size_t seen = std::min(early_.size(), kPreface.size());
    h2 = early_.compare(0, seen, kPreface.substr(0, seen)) == 0;
    if (h2 && seen < kPreface.size()) return false;
  }
  if (h2) {
    session_ = std::make_unique<H2Session>(*this);
  } else {
    session_ = std::make_unique<H1Session>(*this);
  }
  return true;
}

bool Connection::wants_input() const {
  if (input_ended_) return false;
  return phase_ == Phase::Talking ? session_->wants_input() : true;
}

void Connection::turn_end() {
  if (phase_ != Phase::ProxyHeader && unread_ && wants_input()) read();
  answer();
}

void Connection::answer() {
  if (phase_ == Phase::ProxyHeader) return settle();
  // What TLS says of its own accord leaves together with what the session has to say.
  const bool first_produce = phase_ == Phase::Talking && transport_->wants_write();
  if (phase_ != Phase::Dead && !first_produce) flush();
  if (phase_ == Phase::Talking) {
    produce();
    if (phase_ == Phase::Talking && session_->finished() && transport_->pending() == 0) begin_linger();
  }
  if (phase_ == Phase::Lingering && input_ended_) phase_ = Phase::Dead;
  if (phase_ != Phase::Dead) settle();
}

void Connection::produce() {
  const std::size_t limit = std::min<std::size_t>(limits_->buffered_bytes, transport_->allowance());
  Output output(*transport_, set_.record_buffer(), limit);
  session_->produce(output);
  const bool full = output.full();
  output.commit();
  if (output.failed()) return die();
  flush();
  // Reading may have been stopped for a request or body that is now out of the way.
  const bool read_on = unread_ && phase_ == Phase::Talking && wants_input();
  if (phase_ == Phase::Talking && ((full && transport_->pending() == 0) || read_on)) {
    set_.wake_next_turn(*this);
  }
}

void Connection::flush() {
  if (transport_->pending() == 0 && !transport_->wants_write()) {
    progress_ = now();
    return;
  }
  const std::uint64_t before = transport_->bytes_out();
  if (transport_->flush() == Io::Failed) return die();
  if (transport_->bytes_out() != before || transport_->pending() == 0) progress_ = now();
}

void Connection::begin_linger() {
  if (session_->ends_too_soon()) return die();
  session_.reset();
  phase_ = Phase::Lingering;
  since_ = now();
  transport_->finish();
  flush();
}

void Connection::drain() {
  draining_ = true;
  // One that is still opening will have its first request answered.
  if (phase_ == Phase::Talking) session_->drain();
  wake();
}

/// After each piece of work: what to wait for, and how long.
void Connection::settle() {
  count_bytes();
  watch();
  const base::Steady at = deadline();
  // A timer that fires early looks again; restarting it with each byte would cost more.
  if (at >= timer_at_ || at == base::Steady::max()) return;
  timer_at_ = at;
  timer_.start(std::max(at - now(), base::Duration::zero()), [this] { on_timer(); });
}

void Connection::watch() {
  int events = 0;
  if (phase_ == Phase::ProxyHeader || (!unread_ && wants_input())) events |= loop::Poll::Readable;
  if (transport_ && (transport_->pending() > 0 || transport_->wants_write())) events |= loop::Poll::Writable;
  if (std::exchange(watched_, events) != events) poll_->watch(events);
}

base::Steady Connection::deadline() const {
  switch (phase_) {
    case Phase::ProxyHeader: return since_ + limits_->handshake;
    case Phase::Opening: return since_ + (transport_->tls() ? limits_->handshake : limits_->header);
    case Phase::Lingering: return since_ + limits_->linger;
    case Phase::Dead: return base::Steady::max();
    case Phase::Talking: break;
  }
  base::Steady at = session_->deadline();
  if (transport_->pending() > 0) at = std::min(at, progress_ + limits_->write_stall);
  return at;
}

void Connection::on_timer() {
  timer_at_ = base::Steady::max();
  if (phase_ == Phase::Dead) return;
  const base::Steady time = now();
  if (time >= deadline()) {
    const bool stalled =
        phase_ == Phase::Talking && transport_->pending() > 0 && time >= progress_ + limits_->write_stall;
    if (phase_ == Phase::Talking && !stalled) {
      session_->on_time(time);
    } else {
      die();
    }
  }
  set_.wake(*this);
}

void Connection::count_bytes() {
  if (!transport_) return;
  const std::uint64_t in = transport_->bytes_in();
  const std::uint64_t out = transport_->bytes_out();
  counters().bytes_in.add(in - std::exchange(counted_in_, in));
  counters().bytes_out.add(out - std::exchange(counted_out_, out));
}

}  // namespace http
