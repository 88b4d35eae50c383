// SPDX-License-Identifier: Apache-2.0
// The handler does only what is safe in one: it opens a file by a path that was made before. It has a stack
// of its own, since broken pages can send LMDB round in circles until there is none left.
#include "store/lmdb/crash_mark.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <mutex>

namespace lmdb {
namespace {

constexpr std::array kSignals{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr std::size_t kStackBytes = 64 * 1024;

// Not on the heap: broken pages can make LMDB copy over all of that before it meets its end.
thread_local constinit std::array<char, PATH_MAX> t_file{};
thread_local constinit unsigned t_depth = 0;
std::array<struct sigaction, kSignals.size()> g_earlier{};

void on_crash(int number, siginfo_t* info, void*) {
  const bool sent = info->si_code <= 0;  // by kill() and the like, which abort() uses too
  if (t_file[0] != 0 && (!sent || info->si_pid == ::getpid())) {
    const int descriptor = ::open(t_file.data(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor >= 0) ::close(descriptor);
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] == number) ::sigaction(number, &g_earlier[i], nullptr);
  }
  // A fault comes again when its instruction does; what was sent must be sent again.
  if (sent) ::raise(number);
}

/// What this thread's handlers run on, unless it has such a stack already (as sanitizers give one).
class SignalStack {
 public:
  SignalStack() {
    stack_t there{};
    if (::sigaltstack(nullptr, &there) != 0 || (there.ss_flags & SS_DISABLE) == 0) return;
    void* mapped =
        ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) return;
    stack_t own{};
    own.ss_sp = mapped;
    own.ss_size = kStackBytes;
    if (::sigaltstack(&own, nullptr) == 0)
      bytes_ = mapped;
    else
      ::munmap(mapped, kStackBytes);
  }
  ~SignalStack() {
    if (bytes_ == nullptr) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
    ::munmap(bytes_, kStackBytes);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* bytes_ = nullptr;
};

void install() {
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &g_earlier[i]);
}

}  // namespace

CrashMark::CrashMark(const std::string& file) {
  static std::once_flag once;
  if (!file.empty()) {
    std::call_once(once, install);
    thread_local const SignalStack stack;
  }
  if (t_depth++ == 0 && file.size() < t_file.size()) *std::ranges::copy(file, t_file.begin()).out = 0;
}

CrashMark::~CrashMark() {
  if (--t_depth == 0) t_file[0] = 0;
}

}  // namespace lmdb
