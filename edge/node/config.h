// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/base/cores.h"
#include "edge/base/log.h"
#include "edge/base/settings.h"
#include "edge/http/client.h"
#include "edge/http/server.h"
#include "edge/loop/address_range.h"
#include "edge/loop/tls_context.h"
#include "edge/node/site.h"
#include "purge/clock/ledger.h"
#include "purge/nats/link.h"

namespace node {

struct ListenerConfig {
  std::string name{};
  std::string address{};
  bool tls = false;
  bool proxy_protocol = false;
  bool trust_forwarded = false;
  bool operator==(const ListenerConfig&) const = default;
};

struct PurgeConfig {
  std::string url{};                     ///< the API whose log is followed
  std::vector<std::string> more_urls{};  ///< others of the same log
  /// The log's stream is followed itself; with a name.
  struct Nats {
    nats::Access access{};
    std::string stream{};
    bool operator==(const Nats&) const = default;
  } nats{};
  std::string token{};
  std::string purge_token{};  ///< for purges of clients; empty: `token`
  std::string ca_file{};
  std::string state_folder{};
  std::chrono::milliseconds distrust_after{60'000};  ///< without word from the log; 0: never
  /// Of the ledger: for more purges, once they come faster than commits.
  std::chrono::milliseconds commit_delay{2};
  std::chrono::milliseconds sweep{300'000};  ///< between two walks over all that is held; 0: none
  purge::Ledger::Limits ledger{};
  std::uint32_t forwards = 64;                      ///< purges of clients under way to the API
  std::chrono::milliseconds forward_limit{10'000};  ///< for the API's answer to one
  loop::AddressRanges peers{};                      ///< edges whose purge clock counts here
  std::chrono::milliseconds peer_wait{100};         ///< for the log, when such an edge is ahead
  /// Of all APIs.
  std::vector<std::string> urls() const {
    std::vector<std::string> out{url};
    out.insert(out.end(), more_urls.begin(), more_urls.end());
    return out;
  }
  /// Without a log nothing can be purged.
  bool has_log() const { return !url.empty() || !nats.stream.empty(); }
  bool operator==(const PurgeConfig&) const = default;
};

struct DiskConfig {
  std::string folder{};
  std::uint64_t budget_bytes = 0;
  unsigned shards = 2;
  unsigned reader_threads = 4;
  std::uint64_t max_object_bytes = 0;
  std::uint64_t max_objects = 0;  ///< 0: as many as fit
  std::uint64_t queue_bytes = 0;  ///< out of the memory budget; 0: an eighth of it, at least 8 MiB
  std::uint64_t whole_read_bytes = 256ULL << 10;
  bool second_request = true;    ///< a full disk takes what is asked for again; false: everything
  std::uint64_t write_rate = 0;  ///< bytes a second; 0: no bound
  bool operator==(const DiskConfig&) const = default;
};

/// Bounds of fetching; see docs/configuration.md.
struct FetchLimits {
  std::uint64_t fill_window_bytes =
      16ULL << 20;  ///< of one fill, received but not yet on disk: the origin is paused past it
  std::uint64_t fill_total_bytes =
      0;  ///< of all fills together, out of the memory budget; 0: an eighth of it
  std::uint64_t pass_window_bytes =
      256ULL << 10;  ///< of one response that is not stored; a chunk when all are above fill_total
  std::chrono::milliseconds hold_back{
      10'000};  ///< how long one client may hold back others of a body that is not stored; 0: for ever
  std::uint64_t finish_bytes =
      64ULL << 20;  ///< a fill that nobody waits for is finished if no more than this is missing
  std::chrono::milliseconds pass_mark{120'000};  ///< how long an uncacheable answer is remembered
  std::uint32_t pass_marks = 100'000;
  std::uint32_t variants = 64;                   ///< of one URL in the cache
  std::chrono::milliseconds retry_pause{1'000};  ///< after a revalidation in the background that failed: an
                                                 ///< origin in trouble is not asked for each hit
  std::uint32_t ranges = 50;                     ///< parts of one multipart/byteranges answer
};

/// Of the threads that code bodies, and how hard they try.
struct CompressConfig {
  unsigned threads = 1;
  std::uint32_t queue = 64;               ///< bodies waiting for a thread; past it they are sent as they are
  std::chrono::milliseconds wait{1'000};  ///< for a coding, at most; then the body is sent as it is
  int gzip = 6;                           ///< levels, as the libraries count
  int br = 5;
  int zstd = 6;
  int level_of(policy::Coding coding) const;
};

/// The edge's whole configuration, as read from one TOML file. Immutable once read; shared by all loops.
struct Config {
  std::string node{};
  unsigned loops = 0;
  /// Loop i is on the (i modulo their number)th, all else on the others; empty: anywhere.
  base::Cores loop_cores{};
  std::uint16_t https_port = 443;  ///< in redirects from plain listeners
  std::chrono::milliseconds drain{30'000};
  std::vector<ListenerConfig> listeners{};
  std::string admin_address{};
  loop::TlsOptions tls{};
  std::uint64_t memory_bytes = 0;
  std::uint64_t whole_bytes = 0;  ///< a body up to this is kept in one piece
  DiskConfig disk{};
  PurgeConfig purge{};
  SiteTable sites{};
  std::size_t site_count = 0;
  http::Limits limits{};
  http::ClientLimits client_limits{};
  FetchLimits fetch{};
  CompressConfig compress{};
  logs::Setup log{};
  std::string access_file{};            ///< empty: no access log; "-": standard output
  std::vector<base::Fault> warnings{};  ///< what the operator should know
};

/// Start: the listeners' addresses are tried too. Check and Reload leave them alone, since the running
/// program has them.
enum class Reading : std::uint8_t { Start, Check, Reload };
/// Reads and checks the file as a whole: certificates are opened, folders are tried. Changes nothing. All
/// faults, or the configuration.
std::expected<std::shared_ptr<const Config>, std::vector<base::Fault>> read_config(const std::string& path,
                                                                                   Reading reading);

/// What a reload may not change, named: "[disk] folder"; empty if `next` can take the place of `running`.
std::string unchangeable(const Config& running, const Config& next);

}  // namespace node
