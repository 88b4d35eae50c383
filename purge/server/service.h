// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "edge/base/error.h"
#include "edge/http/server.h"
#include "edge/loop/loop.h"
#include "edge/loop/signals.h"
#include "purge/server/admin.h"
#include "purge/server/api.h"
#include "purge/server/config.h"
#include "purge/server/purge_log.h"
#include "purge/server/standing.h"

namespace purgeapi {

/// The purge API as a program: one loop on the main thread, the log beside it with its own threads. Main
/// thread only.
class Service {
 public:
  struct Options {
    std::string config_path{};
    std::string ready_file{};
  };
  Service(Options options, std::shared_ptr<const Config> config);
  ~Service();

  /// Opens the log and the listeners. Errors name what cannot be had.
  base::Status start();
  /// Until a signal ends it.
  void run();
  void stop() { loop_.stop(); }  ///< any thread

  /// Of the `index`th listener, as bound.
  std::uint16_t port(std::size_t index) const { return front_->port(index); }
  const std::string& admin_address() const { return admin_->address(); }
  loop::Loop& loop() { return loop_; }
  PurgeLog& journal() { return *journal_; }

  /// SIGTERM, SIGINT: finish what runs, then stop; a second time: at once. SIGHUP: the configuration anew,
  /// or, with an error in the log, as it was.
  void on_signal(int number);

 private:
  base::Status open_log();
  void stand();
  base::Status listen();
  void reload();
  void drain();

  Options options_;
  std::shared_ptr<const Config> config_;
  loop::Loop loop_{};
  std::unique_ptr<PurgeLog> journal_{};
  std::unique_ptr<Audit> audit_{};        ///< null: none is kept
  std::unique_ptr<Standing> standing_{};  ///< of an embedded log
  std::unique_ptr<Api> api_{};
  std::unique_ptr<http::Server> front_{};
  std::unique_ptr<Admin> admin_{};
  std::unique_ptr<loop::Signals> signals_{};
  bool draining_ = false;
};

}  // namespace purgeapi
