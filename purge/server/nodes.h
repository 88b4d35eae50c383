// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/clock.h"
#include "purge/clock/purge.h"

namespace purgeapi {

using purge::Sequence;

/// A node as the API knows it.
struct Node {
  Sequence applied = 0;    ///< newest number acknowledged
  unsigned streams = 0;    ///< logs that it is reading
  bool elsewhere = false;  ///< reads the log, but not of this process
  base::Steady heard{};    ///< newest acknowledgement or connection
  Sequence kept = 0;       ///< what is remembered of it, and since when; never: nothing
  std::optional<base::Steady> kept_at{};
};

/// How far each node has come with one purge.
struct Progress {
  struct Applied {
    std::string node{};
    std::optional<std::int64_t> ms{};     ///< from acceptance to acknowledgement; not known of old purges
    std::optional<std::int64_t> at_ms{};  ///< Unix time of the acknowledgement, likewise
  };
  std::vector<Applied> applied{};
  std::vector<std::string> pending{};  ///< live nodes that have not
  std::vector<std::string> away{};     ///< nodes known, not live, that have not
  bool expected = false;               ///< one of `away` was heard lately: it may be about to come back

  bool complete() const { return pending.empty() && away.empty(); }
};

/// How long purges took to be applied, over all nodes, for metrics.
struct PropagationTimes {
  static constexpr std::array<double, 15> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                     0.5,   1,      2.5,   5,    10,    30,   60};  // seconds
  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  double sum = 0;
};

/// All nodes: who follows the log, who has applied what, how long it took. A node that was ever heard is
/// known, past the API's own restarts, until it has been absent for the time `forget`. Lives on the loop.
class Nodes {
 public:
  struct Limits {
    std::size_t nodes = 10'000;
    std::size_t recent_purges = 10'000;                ///< whose times are remembered
    std::chrono::milliseconds silence{15'000};         ///< a node not heard for so long is not live
    std::chrono::milliseconds forget{24 * 3'600'000};  ///< an absent node is dropped after
    bool operator==(const Limits&) const = default;
  };
  using Changed = std::function<void()>;
  /// Remembers what is to outlive a restart; with null, forgets. False: not now.
  using Keep = std::function<bool(const std::string& name, const Node* node)>;

  Nodes(const base::Clock& clock, Limits limits) : clock_(clock), limits_(limits), started_(clock.steady()) {}

  /// Called after each change that can complete a wait.
  void on_changed(Changed changed) { changed_ = std::move(changed); }

  void on_keep(Keep keep) { keep_ = std::move(keep); }
  /// A node that was kept before the API's start, and how long ago it was heard.
  void restore(const std::string& name, Sequence applied, std::chrono::milliseconds silent);

  /// False if there are as many nodes as allowed.
  bool connected(const std::string& name);
  void disconnected(const std::string& name);
  /// `name` has applied all up to `applied`. False as above.
  bool acknowledged(const std::string& name, Sequence applied);
  /// What other processes of the API, or nodes that read the log elsewhere, tell.
  void applied_elsewhere(const std::string& name, Sequence applied);
  void left_elsewhere(const std::string& name);
  void forgotten_elsewhere(const std::string& name);
  enum class Retired : std::uint8_t { Done, Unknown, Connected, NotNow };
  /// Forgets a node that will not come back. One that reads the log would be known again at its next word: it
  /// must be stopped first. NotNow: it is still known, Keep refused.
  Retired retire(std::string_view name);
  /// Drops nodes that have been absent for too long. One that Keep refuses to forget stays until the next
  /// call.
  void forget_absent();
  /// It is another log now, of which nobody has applied anything yet.
  void another_log();
  /// This API does not lead: for a while after now none is forgotten.
  void stand_by() { started_ = clock_.steady(); }
  /// This API leads from now on: all nodes that it only heard of have the time to come.
  void lead();
  /// The log took a purge under this number.
  void accepted(Sequence sequence);

  Progress progress(Sequence sequence) const;
  /// Whether progress() would name a node that is worth waiting for; cheaper.
  bool awaits(Sequence sequence) const;
  const std::map<std::string, Node, std::less<>>& all() const { return nodes_; }
  /// Reads the log, as far as is known.
  bool follows(const Node& node) const;
  bool live(const Node& node) const;
  std::size_t live_count() const;
  /// For how long the oldest purge up to `head` has waited for the node; of purges that are no longer
  /// remembered, at least.
  base::Duration lag(const Node& node, Sequence head) const;
  const PropagationTimes& times() const { return times_; }

 private:
  struct Recent {
    struct Took {
      std::int64_t ms = 0;
      std::int64_t at_ms = 0;
    };
    base::Steady accepted{};
    std::map<std::string, Took, std::less<>> by_node{};
  };
  Node* find_or_add(const std::string& name);
  void heard(const std::string& name, Node& node);
  void heard_of(const std::string& name, Node& node);
  /// Whether what was kept of it is given up.
  bool forgets(const std::string& name) const;
  void tell() const {
    if (changed_) changed_();
  }

  const base::Clock& clock_;
  const Limits limits_;
  base::Steady started_;
  std::map<std::string, Node, std::less<>> nodes_;
  std::map<Sequence, Recent> recent_;
  PropagationTimes times_{};
  Changed changed_{};
  Keep keep_{};
};

}  // namespace purgeapi
