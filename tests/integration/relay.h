// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace harness {

/// Passes TCP connections on to a port of 127.0.0.1, and can hold back what comes from there: a network that
/// is slow in one direction. Any thread.
class Relay {
 public:
  explicit Relay(std::uint16_t to);
  ~Relay();  ///< Cuts all connections.
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  std::uint16_t port() const { return port_; }
  /// From now on nothing reaches the clients, on new connections either.
  void hold();
  /// All that was held back, and what comes.
  void release();

 private:
  void accept_all();
  void serve(int client);
  void copy(int from, int to, bool holdable);

  const std::uint16_t to_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;  ///< under mutex_, as all below
  bool over_ = false;
  std::vector<int> sockets_{};
  std::vector<std::thread> threads_{};
  std::thread acceptor_;
};

}  // namespace harness
