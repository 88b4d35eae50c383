// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/own_port.h"
#include "tests/support/wait_until.h"

namespace support {

/// A real nats-server with JetStream on loopback, its port and folder the same at each start. SIGKILLed at
/// the end.
class NatsServer {
 public:
  explicit NatsServer(std::string folder, std::string name = "nats")
      : folder_(std::move(folder)), name_(std::move(name)) {
    std::filesystem::create_directories(folder_);
  }
  ~NatsServer() { kill(); }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  /// More lines of its configuration; before start().
  void configure(std::string lines) { more_ = std::move(lines); }
  /// Of a cluster of these; before start().
  void join(const std::vector<std::uint16_t>& routes) { routes_ = routes; }
  /// A leaf node of `hub`, whose JetStream domain is "hub"; it has no JetStream itself. Before both start.
  void leaf_of(NatsServer& hub) {
    hub.leaves_.emplace();
    hub_ = hub.leaves_->number();
  }
  std::uint16_t route() const { return route_.number(); }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_.number()); }
  /// Of its monitoring: /jsz, /healthz, …
  std::string monitor_url() const { return "http://127.0.0.1:" + std::to_string(monitor_.number()); }
  const std::string& name() const { return name_; }

  /// Whether it takes connections. It ends with the thread that calls this.
  bool start() {
    kill();
    write_config();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int log = ::open((folder_ + "/output").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(log, 1);
      ::dup2(log, 2);
      const std::string config = folder_ + "/nats.conf";
      for (const char* program : {"/usr/sbin/nats-server", "/usr/bin/nats-server"}) {
        ::execl(program, "nats-server", "-c", config.c_str(), nullptr);
      }
      ::_exit(127);
    }
    bool ended = false;
    const bool came = wait_until([this, &ended] { return (ended = has_ended()) || answers(); });
    return came && !ended;
  }
  /// SIGKILL, and waits for the end.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  bool running() const { return pid_ > 0; }
  /// SIGSTOP and SIGCONT: there, but silent.
  void pause() const { ::kill(pid_, SIGSTOP); }
  void go_on() const { ::kill(pid_, SIGCONT); }
  /// Forgets all streams; while it does not run.
  void wipe() { std::filesystem::remove_all(folder_ + "/data"); }
  std::string output() const {
    std::ifstream file(folder_ + "/output");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  bool has_ended() {
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) return false;
    pid_ = -1;
    return true;
  }
  void write_config() const {
    std::ofstream file(folder_ + "/nats.conf");
    file << "server_name: " << name_ << "\nlisten: 127.0.0.1:" << port_.number()
         << "\nhttp: \"127.0.0.1:" << monitor_.number() << "\"\n"
         << more_;
    if (hub_ != 0) {
      file << "leafnodes { remotes: [ { url: \"nats://127.0.0.1:" << hub_ << "\" } ] }\n";
    } else {
      file << "jetstream { store_dir: \"" << folder_ << "/data\"" << (leaves_ ? ", domain: hub" : "")
           << " }\n";
    }
    if (leaves_) file << "leafnodes { listen: \"127.0.0.1:" << leaves_->number() << "\" }\n";
    if (routes_.empty()) return;
    file << "cluster {\n  name: test\n  listen: 127.0.0.1:" << route() << "\n  routes: [";
    const char* before = " ";
    for (std::uint16_t route : routes_) {
      if (route == this->route()) continue;
      file << std::exchange(before, ", ") << "\"nats://127.0.0.1:" << route << "\"";
    }
    file << " ]\n}\n";
  }
  bool answers() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_.number());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool there = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return there;
  }

  std::string folder_;
  std::string name_;
  std::string more_{};
  OwnPort port_{};
  OwnPort route_{};
  OwnPort monitor_{};
  std::vector<std::uint16_t> routes_{};
  std::optional<OwnPort> leaves_{};  ///< where leaf nodes come in
  std::uint16_t hub_ = 0;            ///< whose leaf node this is; 0: nobody's
  pid_t pid_ = -1;
};

}  // namespace support
