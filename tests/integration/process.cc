// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "edge/base/check.h"
#include "edge/base/file.h"
#include "tests/support/wait_until.h"

namespace harness {
namespace {

// Between fork and exec only calls that are safe there.
[[noreturn]] void become(char* const* arguments, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(arguments[0], arguments);
  ::_exit(127);
}

std::uint64_t status_kib(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with(name + ":")) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

std::string program(const std::string& name) {
  static const std::map<std::string, std::string> folders{{"selvage-edge", "edge/node"},
                                                          {"selvage-origin", "origin/server"},
                                                          {"selvage-purge", "purge/server"},
                                                          {"selvagectl", "purge/ctl"}};
  return std::string(SELVAGE_BUILD_ROOT) + "/" + folders.at(name) + "/" + name;
}

Process::Process(std::vector<std::string> command, std::string output_file)
    : output_file_(std::move(output_file)) {
  const int output = ::open(output_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  CHECK(output >= 0);
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), output, parent);
  CHECK(pid_ > 0);
  ::close(output);
}

Process::~Process() { kill(); }

bool Process::running() {
  if (exit_code_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

void Process::signal(int number) const {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds limit) {
  support::wait_until([this] { return !running(); }, limit);
  return exit_code_;
}

void Process::kill() {
  signal(SIGKILL);
  wait(std::chrono::minutes(1));
}

std::optional<int> Process::stop(std::chrono::milliseconds limit) {
  signal(SIGTERM);
  return wait(limit);
}

std::string Process::output() const { return base::read_file(output_file_, 1UL << 30).value_or(""); }

std::uint64_t Process::resident_bytes() const { return exit_code_ ? 0 : status_kib(pid_, "VmRSS") * 1024; }
std::uint64_t Process::peak_resident_bytes() const {
  return exit_code_ ? 0 : status_kib(pid_, "VmHWM") * 1024;
}

std::chrono::milliseconds Process::cpu_time() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::stringstream text;
  text << in.rdbuf();
  std::istringstream fields(text.str().substr(text.str().rfind(')') + 2));
  std::string word;
  long ticks = 0;
  for (int number = 3; number <= 15 && fields >> word; ++number) {
    if (number >= 14) ticks += std::atol(word.c_str());
  }
  return std::chrono::milliseconds(ticks * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::optional<Ready> wait_ready(Process& process, const std::string& ready_file,
                                std::chrono::milliseconds limit) {
  base::Result<std::string> text;
  support::wait_until(
      [&] {
        text = base::read_file(ready_file);
        return text.has_value() || !process.running();
      },
      limit);
  if (!text) return {};
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (json.is_discarded()) return {};
  Ready ready;
  for (const auto& listener : json.value("listeners", nlohmann::json::array())) {
    ready.listeners[listener.value("name", "")] = listener.value("address", "");
  }
  ready.admin = json.value("admin", "");
  return ready;
}

}  // namespace harness
