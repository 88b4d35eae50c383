// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "edge/base/executor.h"
#include "edge/base/random.h"
#include "edge/http/exchange.h"

namespace sim {

/// The body of version `version` of `path`: names both in every line, so that mixed or truncated bodies are
/// seen.
std::string body_of(const std::string& path, unsigned version, std::size_t bytes);

/// One path's content at the origin.
struct Content {
  unsigned version = 1;
  std::size_t bytes = 1000;
  std::string cache_control = "max-age=60";
  std::string tags{};
  std::string groups{};       ///< Cache-Groups
  std::string invalidates{};  ///< Cache-Group-Invalidation
  std::string location{};
  bool varies = false;    ///< Vary: accept-encoding
  bool personal = false;  ///< another for each cookie, and known by its entity-tag only
  bool known_length = true;
};

/// The origin of the simulation: what it holds, how it misbehaves, and what was asked of it.
struct SimOrigin {
  struct Faults {
    unsigned refuse_one_in = 0;
    unsigned break_one_in = 0;  ///< in the middle of the body
    unsigned error_one_in = 0;  ///< 503
  };
  std::map<std::string, Content> contents{};
  Faults faults{};
  std::map<std::string, unsigned> running{};  ///< exchanges now, by path
  std::map<std::string, unsigned> running_max{};
  unsigned requests = 0;
  unsigned not_modified = 0;
};

/// A loop's way to the origin.
class SimClient final : public http::ExchangeMaker {
 public:
  SimClient(SimOrigin& origin, base::Executor& executor, base::Random& random)
      : origin_(origin), executor_(executor), random_(random) {}
  std::unique_ptr<http::Exchange> start(http::ClientRequest request,
                                        http::ExchangeListener& listener) override;

 private:
  SimOrigin& origin_;
  base::Executor& executor_;
  base::Random& random_;
};

}  // namespace sim
