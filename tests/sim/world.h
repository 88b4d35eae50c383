// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "edge/node/config.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/fills.h"
#include "edge/node/request.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_origin.h"
#include "tests/sim/sim_visit.h"
#include "tests/support/manual_executor.h"

namespace sim {

/// What kind of day it is.
struct Weather {
  SimOrigin::Faults origin{};
  SimDisk::Faults disk{};
  bool purges = true;
  bool uncacheable = true;
  bool crashes = false;
  bool departures = true;
  std::chrono::milliseconds sweep{50};  ///< between two walks of the sweeper
  unsigned operations = 300;
};

/// An edge with two loops, its disk and its origin, in one thread: which loop runs next, how long everything
/// takes, what fails, all come from one seed. After every step the answers are held against a model;
/// complaints are texts.
class World {
 public:
  World(std::uint64_t seed, const Weather& weather);
  ~World();

  /// Plays the whole day, then waits for all to end. Complaints: what was not as promised; empty if all was.
  void play();
  const std::vector<std::string>& complaints() const { return complaints_; }
  /// What happened, in order, as one number: the same for the same seed.
  std::uint64_t trace() const { return trace_; }
  const SimOrigin& origin() const { return origin_; }
  std::size_t answered() const { return answered_; }
  std::uint64_t swept() const { return swept_; }  ///< entries of the ledger

 private:
  struct Edge;
  void operate();
  void visit();
  void upload();
  void purge();
  void leave_one();
  void crash();
  void run_some(unsigned steps);
  bool step();
  void settle();
  void check_ended();
  /// Whether there is no reason why an answer should be cut or an error.
  bool faultless() const;
  void judge(const Visit& visit);
  void check_rest();
  void complain(std::string text);
  void note(std::string_view what);
  std::string random_path();

  Weather weather_;
  base::Random random_;
  support::ManualClock clock_{};
  Platter platter_{};
  SimOrigin origin_{};
  std::shared_ptr<node::Config> config_;
  purge::Ledger ledger_;
  purge::Sequence sequence_ = 0;
  std::map<std::string, unsigned> purged_to_{};  ///< by path: no answer begun from now on may be older
  std::map<std::pair<std::string, std::string>, unsigned>
      purged_variant_{};  ///< the same, by path and Accept-Encoding
  std::map<std::pair<std::string, unsigned>, std::uint64_t> sizes_{};  ///< of bodies, by path and version
  std::unique_ptr<Edge> edge_;
  std::vector<std::unique_ptr<Visit>> visits_{};
  std::vector<std::string> complaints_{};
  std::uint64_t trace_ = 1469598103934665603ULL;
  std::size_t answered_ = 0;
  std::uint64_t swept_ = 0;
};

}  // namespace sim
