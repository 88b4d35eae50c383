// SPDX-License-Identifier: Apache-2.0
// Callers push under a lock that the writer holds only to swap the queue; the writer gathers lines for
// kGather and hands them to the kernel in one call. A caller wakes the writer only for the first line of a
// batch and when the queue is half full.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "edge/base/log.h"
#include "edge/base/thread.h"

namespace logs {
namespace {

constexpr std::chrono::milliseconds kGather{50};
constexpr std::size_t kPieceBytes = 256UL * 1024;

/// An open file that closes itself with its last user.
class Target {
 public:
  Target(int fd, bool owned) : fd_(fd), owned_(owned) {}
  ~Target() {
    if (owned_) ::close(fd_);
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// 0, or the errno of what went wrong.
  int write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
  }

 private:
  int fd_;
  bool owned_;
};

base::Result<std::shared_ptr<Target>> open_target(const std::string& path) {
  if (path == "-") return std::make_shared<Target>(STDOUT_FILENO, false);
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return base::fail_system("cannot open the log file \"" + path + "\"", errno);
  return std::make_shared<Target>(fd, true);
}

class QueuedLines final : public LineFile {
 public:
  QueuedLines(std::string path, std::shared_ptr<Target> target, std::size_t queue_lines)
      : path_(std::move(path)),
        queue_lines_(std::max<std::size_t>(queue_lines, 1)),
        target_(std::move(target)) {
    writer_ = std::thread([this] {
      base::begin_thread("line-writer", base::Work::Background);
      run();
    });
  }

  ~QueuedLines() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void append(std::string line) override {
    bool wake = false;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.size() >= queue_lines_) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      queue_.push_back(std::move(line));
      wake = queue_.size() == 1 || queue_.size() == half();
    }
    if (wake) wake_.notify_one();
  }

  base::Status reopen() override {
    auto target = open_target(path_);
    if (!target) return std::unexpected(target.error());
    const std::scoped_lock lock(mutex_);
    target_ = std::move(*target);
    return {};
  }

  std::uint64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::size_t half() const { return std::max<std::size_t>(queue_lines_ / 2, 1); }

  void run() {
    std::vector<std::string> batch;
    for (;;) {
      std::shared_ptr<Target> target;
      bool last = false;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        wake_.wait_for(lock, kGather, [this] { return stopping_ || queue_.size() >= half(); });
        batch.swap(queue_);
        target = target_;
        last = stopping_;
      }
      write(*target, batch);
      batch.clear();
      if (last) return;
    }
  }

  void write(const Target& target, const std::vector<std::string>& batch) {
    std::string piece;
    std::uint64_t lines = 0;
    for (const std::string& line : batch) {
      piece += line;
      piece += '\n';
      ++lines;
      if (piece.size() >= kPieceBytes || &line == &batch.back()) {
        note(target.write(piece), lines);
        piece.clear();
        lines = 0;
      }
    }
  }

  // Counts lines lost to the disk, and says so once for each run of failures.
  void note(int error, std::uint64_t lines) {
    if (error != 0) dropped_.fetch_add(lines, std::memory_order_relaxed);
    if (error == last_error_) return;
    last_error_ = error;
    if (error != 0) {
      logs::error("log file cannot be written, lines are lost",
                  {{"file", path_}, {"reason", base::fail_system("write", error).error().text}});
    } else {
      logs::info("log file can be written again", {{"file", path_}, {"lines_lost", dropped()}});
    }
  }

  const std::string path_;
  const std::size_t queue_lines_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> queue_;
  std::shared_ptr<Target> target_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> dropped_{0};
  int last_error_ = 0;  // writer thread only
  std::thread writer_;
};

}  // namespace

base::Result<std::unique_ptr<LineFile>> open_lines(const std::string& path, std::size_t queue_lines) {
  auto target = open_target(path);
  if (!target) return std::unexpected(target.error());
  return std::make_unique<QueuedLines>(path, std::move(*target), queue_lines);
}

}  // namespace logs
