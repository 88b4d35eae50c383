// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/log.h"
#include "edge/base/settings.h"
#include "edge/http/server.h"
#include "edge/loop/tls_context.h"
#include "origin/server/site.h"

namespace origin {

struct ListenerConfig {
  std::string address{};
  bool tls = false;
  bool operator==(const ListenerConfig&) const = default;
};

/// The settings of selvage-origin.
struct Config {
  std::vector<ListenerConfig> listeners{};
  std::string admin_address{};  ///< empty: no admin listener
  std::string root{};
  bool writable = false;  ///< there are tokens
  std::shared_ptr<const Site> site{};
  std::shared_ptr<loop::TlsContext> tls{};  ///< null: no listener uses TLS
  unsigned workers = 1;                     ///< event loops
  unsigned io_threads = 4;                  ///< that read
  unsigned change_threads = 4;              ///< that write, make durable, put in place and remove
  http::Limits limits{};
  std::chrono::milliseconds drain_limit{30'000};
  logs::Setup log{};
  std::string access_log{};  ///< path, "-" for standard output, empty: none
};

/// Start: the listeners' addresses are tried too. Check and Reload leave them alone, since the running
/// program has them.
enum class Reading : std::uint8_t { Start, Check, Reload };

/// A configuration file as read, with what is wrong with it. One thread.
class ConfigFile {
 public:
  static ConfigFile read(const std::string& path, Reading reading);
  /// As read(), from memory; `name` stands for the file in faults.
  static ConfigFile parse(std::string_view text, const std::string& name, Reading reading = Reading::Check);

  const Config& config() const { return config_; }
  /// Empty: config() may be used.
  const std::vector<base::Fault>& faults() const { return settings_.faults(); }
  /// What the operator should know.
  const std::vector<base::Fault>& warnings() const { return settings_.warnings(); }
  /// A fault that shows only when the server starts.
  void fault_at_listener(std::size_t index, const std::string& text);
  void fault_at_admin(const std::string& text);
  void fault_at_root(const std::string& text);
  void fault_at_access_log(const std::string& text);

 private:
  explicit ConfigFile(base::Settings settings) : settings_(std::move(settings)) {}
  void interpret(Reading reading);
  void fault_at(std::string_view table, std::string_view key, const std::string& text);

  base::Settings settings_;
  Config config_{};
};

}  // namespace origin
