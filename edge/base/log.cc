// SPDX-License-Identifier: Apache-2.0
// One spdlog thread for the process. The logger is replaced as a whole by open(), so that a caller holds it
// for one line only and the thread pool for none.
#include "edge/base/log.h"

// Header-only, so that a sanitizer build sees inside.
#undef SPDLOG_COMPILED_LIB
#undef SPDLOG_SHARED_LIB
#define SPDLOG_HEADER_ONLY
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>

#include "edge/base/log_text.h"
#include "edge/base/thread.h"

namespace logs {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: break;
  }
  return spdlog::level::err;
}

/// The process's log. Lives until exit: threads may log while statics end.
class Log {
 public:
  static Log& instance() {
    static Log& log = *new Log;
    return log;
  }

  base::Status open(const Setup& setup) try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (setup.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(setup.file);
    }
    const std::scoped_lock lock(mutex_);
    if (!pool_)
      pool_ = std::make_shared<spdlog::details::thread_pool>(
          std::max<std::size_t>(setup.queue_lines, 1), 1,
          [] { base::begin_thread("log", base::Work::Background); });
    logger_ = std::make_shared<spdlog::async_logger>("selvage", std::move(sink), pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    logger_->set_level(spdlog::level::debug);
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger_->flush_on(spdlog::level::debug);
    logger_->set_error_handler(
        [this](const std::string&) { failed_.fetch_add(1, std::memory_order_relaxed); });
    level_.store(spdlog_level(setup.level), std::memory_order_relaxed);
    return {};
  } catch (const spdlog::spdlog_ex& error) {
    return base::fail(base::Errc::System, "cannot open the log file \"" + setup.file + "\": " + error.what());
  }

  void close() {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    {
      const std::scoped_lock lock(mutex_);
      logger_.reset();
      pool = std::move(pool_);
      if (pool) overrun_ += pool->overrun_counter();
    }
    // The pool's destructor writes what is queued, outside the lock: loggers must not wait for the disk.
  }

  void write(spdlog::level::level_enum level, std::string_view message, Fields fields) {
    if (level < level_.load(std::memory_order_relaxed)) return;
    const std::string line = line_text(message, fields);
    std::shared_ptr<spdlog::async_logger> logger;
    {
      const std::scoped_lock lock(mutex_);
      logger = logger_;
    }
    if (logger) {
      logger->log(level, spdlog::string_view_t(line.data(), line.size()));
    } else if (level >= spdlog::level::warn) {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  }

  std::uint64_t dropped() {
    const std::scoped_lock lock(mutex_);
    return overrun_ + failed_.load(std::memory_order_relaxed) + (pool_ ? pool_->overrun_counter() : 0);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::uint64_t overrun_ = 0;
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<spdlog::level::level_enum> level_{spdlog::level::info};
};

}  // namespace

base::Status open(const Setup& setup) { return Log::instance().open(setup); }
void close() { Log::instance().close(); }
std::uint64_t dropped() { return Log::instance().dropped(); }

void debug(std::string_view message, Fields fields) {
  Log::instance().write(spdlog::level::debug, message, fields);
}
void info(std::string_view message, Fields fields) {
  Log::instance().write(spdlog::level::info, message, fields);
}
void warn(std::string_view message, Fields fields) {
  Log::instance().write(spdlog::level::warn, message, fields);
}
void error(std::string_view message, Fields fields) {
  Log::instance().write(spdlog::level::err, message, fields);
}

}  // namespace logs
