// SPDX-License-Identifier: Apache-2.0
// The handler does only what is safe in one: it opens a file by a path that was made before.
#include "store/lmdb/crash_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <mutex>

namespace lmdb {
namespace {

constexpr std::array kSignals{SIGABRT, SIGSEGV, SIGBUS};

thread_local constinit const char* t_file = nullptr;
thread_local constinit unsigned t_depth = 0;
std::array<struct sigaction, kSignals.size()> g_earlier{};

void on_crash(int number, siginfo_t* info, void*) {
  const bool sent = info->si_code <= 0;  // by kill() and the like, which abort() uses too
  if (t_file != nullptr && (!sent || info->si_pid == ::getpid())) {
    const int descriptor = ::open(t_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor >= 0) ::close(descriptor);
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] == number) ::sigaction(number, &g_earlier[i], nullptr);
  }
  // A fault comes again when its instruction does; what was sent must be sent again.
  if (sent) ::raise(number);
}

void install() {
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &g_earlier[i]);
}

}  // namespace

CrashMark::CrashMark(const std::string& file) {
  static std::once_flag once;
  if (!file.empty()) std::call_once(once, install);
  if (t_depth++ == 0) t_file = file.empty() ? nullptr : file.c_str();
}

CrashMark::~CrashMark() {
  if (--t_depth == 0) t_file = nullptr;
}

}  // namespace lmdb
