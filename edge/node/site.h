// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge/http/exchange.h"
#include "edge/loop/address_range.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/coding.h"
#include "edge/policy/forwarding.h"
#include "edge/policy/freshness.h"

namespace node {

/// Where a site's content comes from.
struct Origin {
  std::string name{};
  std::string url{};  ///< scheme and authority, no path: "https://origin.example:9080"
  std::shared_ptr<const http::ServerOptions> server{};
  bool purge_clock = false;  ///< it is an edge: is told how far purges are applied here
};

/// Who may purge a site by a request to the edge (PURGE, BAN), and what such a request waits for.
struct PurgeMethods {
  enum class Require : std::uint8_t { Either, Both };
  enum class WaitFor : std::uint8_t {
    Log,    ///< the log has it
    Here,   ///< and it is applied here
    Nodes,  ///< and all live edges have applied it
  };
  std::vector<std::string> tokens{};  ///< SHA-256 of each, 32 bytes
  loop::AddressRanges clients{};
  Require require = Require::Either;  ///< of a known token and a known address
  WaitFor wait_for = WaitFor::Here;
  std::chrono::milliseconds wait{2'000};  ///< at most
  std::uint32_t rate = 100;               ///< a second, and at once
};

/// What a plain listener does for a site.
enum class PlainMode : std::uint8_t { Serve, Redirect, Off };

/// A rule for the paths that `path` ("*" for any run of characters) matches. The first that matches counts.
struct SiteRule {
  std::string path{};
  policy::TtlRule ttl{};
  policy::CodingRule coding{};
};

/// What is done with copies when the purge log has been silent for longer than `after` (0: any time is short enough).
struct SilenceRule {
  enum class What : std::uint8_t { Serve, Revalidate, Refuse };
  What what = What::Revalidate;
  std::chrono::milliseconds after{60'000};
};

struct Site {
  std::string name{};
  std::vector<std::string> hosts{};  ///< lower case; exact, or "*.example.com" for every name below
  std::shared_ptr<const Origin> origin{};
  std::string origin_host{};         ///< Host sent to the origin; empty: the client's
  PlainMode plain = PlainMode::Redirect;
  bool cache_status_key = false;     ///< Cache-Status tells the key
  std::shared_ptr<const PurgeMethods> purge{};  ///< null: no PURGE and BAN
  SilenceRule silence{};
  policy::KeyRules key{};
  policy::TtlRule defaults{};        ///< where no rule matches
  policy::CodingRule coding{};       ///< likewise
  std::vector<SiteRule> rules{};

  const policy::TtlRule& rule_for(std::string_view path) const;
  const policy::CodingRule& coding_for(std::string_view path) const;
  /// Whether the edge codes bodies of this target itself.
  bool codes(std::string_view target) const { return !coding_for(policy::normal_path(target)).types.empty(); }
  /// How requests go to its origin from `node`. `identity`: see policy::Towards.
  policy::Towards towards(std::string_view node, bool caching, bool identity = false) const;
};

/// Sites by host name. Immutable once built; any thread.
class SiteTable {
 public:
  /// False if the pattern is there already.
  bool add(const std::string& pattern, std::shared_ptr<const Site> site);
  /// The site of `host` (lower case, without port): exact names before wildcards, longer wildcards before shorter.
  const Site* find(std::string_view host) const;
  /// By the site's own name.
  const Site* named(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::shared_ptr<const Site>> exact_{};
  std::unordered_map<std::string, std::shared_ptr<const Site>> wildcards_{};  ///< by what follows "*"
};

}  // namespace node
