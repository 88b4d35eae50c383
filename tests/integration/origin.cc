// SPDX-License-Identifier: Apache-2.0
// Blocking sockets on threads: slow and plain, so that what the edge is tested against cannot share its bugs.
// Ending: stop is noted, the listener and all sockets are shut down, which wakes each thread.
#include "tests/integration/origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <set>

#include "edge/base/check.h"
#include "edge/base/text.h"
#include "tests/integration/answered.h"
#include "tests/support/wait_until.h"

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;

std::string first_of(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, [](const auto& header) { return header.first; });
  return found == headers.end() ? std::string() : found->second;
}

sockaddr_in on_loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Seen parse_head(std::string_view head) {
  Seen seen;
  std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first != std::string_view::npos && last > first) {
    seen.method = line.substr(0, first);
    seen.target = line.substr(first + 1, last - first - 1);
  }
  while (end != std::string_view::npos && end + 2 < head.size()) {
    const std::size_t next = head.find("\r\n", end + 2);
    const std::string_view field = head.substr(end + 2, next - end - 2);
    if (const std::size_t colon = field.find(':'); colon != std::string_view::npos) {
      seen.headers.emplace_back(base::lowered(field.substr(0, colon)),
                                base::trimmed(field.substr(colon + 1)));
    }
    end = next;
  }
  return seen;
}

}  // namespace

void Gate::open() {
  {
    const std::scoped_lock lock(mutex_);
    open_ = true;
  }
  changed_.notify_all();
}

bool Gate::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return open_; });
}

std::string Seen::header(std::string_view name) const { return first_of(headers, name); }

/// What the threads share.
struct Origin::State {
  mutable std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::map<std::string, Answer> answers;
  Answer fallback;
  std::vector<Seen> seen;
  std::map<std::string, Clock::time_point> first_bytes;
  std::uint64_t body_bytes = 0;
  std::size_t accepted = 0;
  std::set<int> sockets;
  std::vector<std::thread> threads;

  Reply reply_to(const Seen& request) {
    Answer answer;
    {
      const std::scoped_lock lock(mutex);
      seen.push_back(request);
      const auto found = answers.find(request.target);
      answer = found == answers.end() ? fallback : found->second;
    }
    Reply reply;
    reply.status = 404;
    if (answer) reply = answer(request);
    Answered::made();
    return reply;
  }
  /// False if the origin is ending.
  bool pause_until(Clock::time_point time) {
    std::unique_lock lock(mutex);
    return !stopped.wait_until(lock, time, [this] { return stopping; });
  }
  bool pass(Gate& gate) {
    while (!gate.wait(std::chrono::milliseconds(20))) {
      const std::scoped_lock lock(mutex);
      if (stopping) return false;
    }
    return true;
  }
  void note_sent(const std::string& target, std::size_t bytes) {
    const std::scoped_lock lock(mutex);
    first_bytes.try_emplace(target, Clock::now());
    body_bytes += bytes;
  }
};

/// One connection on its thread.
class Origin::Connection {
 public:
  Connection(State& state, int fd) : state_(state), fd_(fd) {}

  void run() {
    while (serve_one()) {
    }
  }

 private:
  bool serve_one() {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return false;
    }
    Seen request = parse_head(std::string_view(input_).substr(0, end + 2));
    input_.erase(0, end + 4);
    if (!read_body(request)) return false;
    Reply reply = state_.reply_to(request);
    if (reply.head_gate && !state_.pass(*reply.head_gate)) return false;
    if (!reply.etag.empty() && request.header("if-none-match") == reply.etag) {
      reply.status = 304;
      reply.body = std::string();
    }
    return send_reply(request, reply);
  }

  bool read_body(Seen& request) {
    if (base::iequals(request.header("transfer-encoding"), "chunked")) return read_chunks(request.body);
    const std::uint64_t length = base::decimal(request.header("content-length")).value_or(0);
    return take(length, request.body);
  }

  bool read_chunks(std::string& body) {
    for (;;) {
      std::size_t end = 0;
      while ((end = input_.find("\r\n")) == std::string::npos) {
        if (!receive()) return false;
      }
      const std::uint64_t size = std::stoull(input_.substr(0, end), nullptr, 16);
      input_.erase(0, end + 2);
      std::string ending;
      if (!take(size, body) || !take(2, ending)) return false;
      if (size == 0) return true;
    }
  }

  bool take(std::uint64_t size, std::string& out) {
    while (input_.size() < size) {
      if (!receive()) return false;
    }
    out += input_.substr(0, size);
    input_.erase(0, size);
    return true;
  }

  bool receive() {
    std::array<char, 16384> room{};
    const ssize_t n = ::recv(fd_, room.data(), room.size(), 0);
    if (n <= 0) return false;
    input_.append(room.data(), static_cast<std::size_t>(n));
    return true;
  }

  bool send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  static std::uint64_t size_of(const Reply& reply) {
    if (const auto* text = std::get_if<std::string>(&reply.body)) return text->size();
    return std::get<SeededBody>(reply.body).size();
  }

  bool send_reply(const Seen& request, const Reply& reply) {
    std::string early;
    for (const auto& [name, value] : reply.early) early += name + ": " + value + "\r\n";
    if (!early.empty() && !send_all("HTTP/1.1 103 Early Hints\r\n" + early + "\r\n")) return false;
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Reply\r\n";
    for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
    if (!reply.etag.empty()) head += "ETag: " + reply.etag + "\r\n";
    const bool has_body = reply.status >= 200 && reply.status != 204 && reply.status != 304;
    if (has_body && reply.chunked) head += "Transfer-Encoding: chunked\r\n";
    if (has_body && !reply.chunked) head += "Content-Length: " + std::to_string(size_of(reply)) + "\r\n";
    if (reply.break_in_head) {
      send_all(std::string_view(head).substr(0, head.size() / 2));
      return false;
    }
    if (!send_all(head + "\r\n")) return false;
    return !has_body || request.method == "HEAD" || send_body(request.target, reply);
  }

  bool send_body(const std::string& target, const Reply& reply) {
    const std::uint64_t size = size_of(reply);
    const auto begin = Clock::now();
    std::vector<char> room(64UL * 1024);
    for (std::uint64_t at = 0; at < size;) {
      if (reply.body_gate && at >= reply.gate_at && !state_.pass(*reply.body_gate)) return false;
      const auto due = reply.spread * static_cast<double>(at) / static_cast<double>(size);
      if (reply.spread.count() > 0 &&
          !state_.pause_until(begin + std::chrono::duration_cast<Clock::duration>(due)))
        return false;
      std::uint64_t end = std::min<std::uint64_t>(size, at + room.size());
      if (reply.body_gate && at < reply.gate_at) end = std::min(end, reply.gate_at);
      if (reply.break_at) end = std::min(end, *reply.break_at);
      if (end == at) return false;
      const std::string_view piece = read_piece(reply, at, {room.data(), static_cast<std::size_t>(end - at)});
      state_.note_sent(target, piece.size());  // whoever has it finds it counted
      if (!send_piece(piece, reply.chunked)) return false;
      at = end;
    }
    if (reply.break_at && *reply.break_at >= size) return false;
    std::string end = "0\r\n";
    for (const auto& [name, value] : reply.trailers) end += name + ": " + value + "\r\n";
    return !reply.chunked || send_all(end + "\r\n");
  }

  static std::string_view read_piece(const Reply& reply, std::uint64_t at, std::span<char> room) {
    if (const auto* text = std::get_if<std::string>(&reply.body))
      return std::string_view(*text).substr(at, room.size());
    return {room.data(), std::get<SeededBody>(reply.body).read(at, room)};
  }

  bool send_piece(std::string_view piece, bool chunked) {
    if (!chunked) return send_all(piece);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    return send_all(size) && send_all(piece) && send_all("\r\n");
  }

  State& state_;
  int fd_;
  std::string input_;
};

Origin::Origin() : state_(std::make_shared<State>()) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(listener_ >= 0);
  sockaddr_in address = on_loopback(0);
  socklen_t size = sizeof address;
  CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  CHECK(::listen(listener_, 1024) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Origin::~Origin() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
    for (const int fd : state_->sockets) ::shutdown(fd, SHUT_RDWR);
  }
  state_->stopped.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : state_->threads) thread.join();
  ::close(listener_);
}

void Origin::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const std::scoped_lock lock(state_->mutex);
    if (state_->stopping) {
      ::close(fd);
      return;
    }
    ++state_->accepted;
    state_->sockets.insert(fd);
    state_->threads.emplace_back([state = state_.get(), fd] {
      Connection(*state, fd).run();
      const std::scoped_lock end(state->mutex);
      state->sockets.erase(fd);
      ::close(fd);
    });
  }
}

void Origin::answer(const std::string& target, Reply reply) {
  answer(target, [reply = std::move(reply)](const Seen&) { return reply; });
}

void Origin::answer(const std::string& target, Answer answer) {
  const std::scoped_lock lock(state_->mutex);
  state_->answers[target] = std::move(answer);
}

void Origin::answer_all(Answer answer) {
  const std::scoped_lock lock(state_->mutex);
  state_->fallback = std::move(answer);
}

std::size_t Origin::requests() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->seen.size();
}

std::size_t Origin::requests(const std::string& target) const {
  const std::scoped_lock lock(state_->mutex);
  return static_cast<std::size_t>(std::ranges::count(state_->seen, target, &Seen::target));
}

std::vector<Seen> Origin::seen() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->seen;
}

std::size_t Origin::connections() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->accepted;
}

bool Origin::outlasted() const {
  // Connections are accepted in the order in which they were made: once this one has ended, all were.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = on_loopback(port_);
  CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  ::shutdown(fd, SHUT_WR);
  char nothing = 0;
  CHECK(::recv(fd, &nothing, 1, 0) == 0);
  ::close(fd);
  return support::wait_until([this] {
    const std::scoped_lock lock(state_->mutex);
    return state_->sockets.empty();
  });
}

Clock::time_point Origin::first_byte(const std::string& target) const {
  const std::scoped_lock lock(state_->mutex);
  const auto found = state_->first_bytes.find(target);
  return found == state_->first_bytes.end() ? Clock::time_point{} : found->second;
}

std::uint64_t Origin::body_bytes_sent() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->body_bytes;
}

}  // namespace harness
