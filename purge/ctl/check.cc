// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/check.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "edge/base/settings.h"
#include "purge/ctl/exit_code.h"

namespace ctl {
namespace {

// By the table that each of them needs. What cannot be read any of them will say.
std::string kind_of(const std::string& config) {
  const base::Settings settings = base::Settings::parse_file(config);
  if (settings.root().has("content")) return "origin";
  if (settings.root().has("log_store")) return "purge";
  return "edge";
}

std::string find(const std::string& program) {
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / program;
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : program;
}

}  // namespace

int check_command(const std::string& config, const std::string& kind, const std::string& program) {
  const std::string path =
      program.empty() ? find("selvage-" + (kind.empty() ? kind_of(config) : kind)) : program;
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp(path.c_str(), path.c_str(), "--config", config.c_str(), "--check", nullptr);
    std::cerr << "selvagectl: cannot run " << path << ": " << std::strerror(errno)
              << "; it is looked for beside selvagectl, then in PATH, or named by --program" << std::endl;
    ::_exit(kFailed);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) {
    std::cerr << "selvagectl: cannot run " << path << ": " << std::strerror(errno) << '\n';
    return kFailed;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}

}  // namespace ctl
