// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "edge/base/log.h"
#include "edge/base/settings.h"
#include "edge/http/server.h"
#include "edge/loop/tls_context.h"
#include "purge/server/api.h"
#include "purge/server/audit.h"
#include "purge/server/auth.h"
#include "purge/server/compat.h"
#include "purge/server/journal.h"
#include "purge/server/nats_log.h"
#include "purge/server/standing.h"

namespace purgeapi {

struct ListenerConfig {
  std::string name{};
  std::string address{};
  bool tls = true;
  bool operator==(const ListenerConfig&) const = default;
};

/// Where the log is.
enum class Engine : std::uint8_t { Lmdb, Nats };

/// The purge API's whole configuration, as read from one TOML file. Immutable once read.
struct Config {
  std::vector<ListenerConfig> listeners{};
  std::string admin_address{};  ///< empty: no admin listener
  loop::TlsOptions tls{};
  Engine engine = Engine::Lmdb;
  Journal::Options journal{};  ///< of the embedded engine
  NatsLog::Options nats{};     ///< of the engine on NATS
  Standing::Options standing{};
  std::vector<Token> tokens{};
  http::Limits limits{};
  ApiLimits api{};
  std::shared_ptr<const Compat> compat{};  ///< never null
  std::chrono::milliseconds drain{10'000};
  logs::Setup log{};
  Audit::Options audit{};
  std::vector<base::Fault> warnings{};  ///< what the operator should know
};

/// Start: the listeners' addresses are tried too. Check and Reload leave them alone, since the running
/// program has them.
enum class Reading : std::uint8_t { Start, Check, Reload };
/// Reads and checks the file as a whole: certificates are opened, the folder is tried. Changes nothing. All
/// faults, or the configuration.
std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> read_config(const std::string& path,
                                                                                   Reading reading);

/// What a reload may not change, named: "[log_store]"; empty if `next` can take the place of `running`.
std::string unchangeable(const Config& running, const Config& next);

}  // namespace purgeapi
