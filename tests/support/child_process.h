// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>

namespace support {

/// A forked copy of this process that runs `body` and tells numbers to its parent. Killed at the end if it
/// still runs. Fork while this process has one thread only.
class ChildProcess {
 public:
  /// Sends a number to the parent.
  using Tell = std::function<void(std::uint64_t)>;

  explicit ChildProcess(const std::function<int(const Tell&)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ < 0) std::abort();
    if (pid_ == 0) {
      ::close(ends[0]);
      const int code = body([&](std::uint64_t number) {
        if (::write(ends[1], &number, sizeof number) != sizeof number) std::_Exit(99);
      });
      std::_Exit(code);
    }
    ::close(ends[1]);
    from_child_ = ends[0];
  }
  ~ChildProcess() {
    kill();
    ::close(from_child_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Waits for the next number; nothing when the child has ended.
  std::optional<std::uint64_t> next() {
    std::uint64_t number = 0;
    if (::read(from_child_, &number, sizeof number) != sizeof number) return std::nullopt;
    return number;
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// SIGKILL, and waits for the end.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  /// Waits for the end; the exit code, or -1 if it died of a signal.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  int from_child_ = -1;
};

}  // namespace support
