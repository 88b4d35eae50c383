// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace harness {

/// Where the build has put a program: "selvage-edge", "selvage-origin", "selvage-purge", "selvagectl".
std::string program(const std::string& name);

/// A program that a test has started; ended (SIGKILL) at the latest with this object, or with the test
/// itself. One thread.
class Process {
 public:
  /// Starts `command`; its standard output and error go to the end of `output_file`.
  Process(std::vector<std::string> command, std::string output_file);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  /// The exit code, or 128 + the signal that ended it; nothing if it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// SIGKILL, and waits for the end.
  void kill();
  /// SIGTERM, then wait().
  std::optional<int> stop(std::chrono::milliseconds limit = std::chrono::seconds(20));

  /// All that it has written so far.
  std::string output() const;
  /// Resident memory now, and the most since the start. 0 once it has ended.
  std::uint64_t resident_bytes() const;
  std::uint64_t peak_resident_bytes() const;
  /// User and system CPU time so far.
  std::chrono::milliseconds cpu_time() const;

 private:
  std::string output_file_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// What a daemon writes to the file that `--ready-file` names.
struct Ready {
  std::map<std::string, std::string> listeners{};  ///< name -> "127.0.0.1:1234"
  std::string admin{};
};
/// Waits for the ready file; nothing if the process ends first or `limit` passes.
std::optional<Ready> wait_ready(Process& process, const std::string& ready_file,
                                std::chrono::milliseconds limit = std::chrono::seconds(20));

}  // namespace harness
