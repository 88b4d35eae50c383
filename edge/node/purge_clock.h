// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/base/executor.h"
#include "edge/base/wakeup.h"
#include "purge/clock/ledger.h"
#include "purge/follow/follower.h"

namespace node {

/// Edges tell one another by this field, in requests and in answers to those.
inline constexpr std::string_view kClockField = "selvage-purge-clock";

/// A place on a log: "LOG_ID/NUMBER".
struct ClockPlace {
  std::string log_id{};
  purge::Sequence number = 0;

  /// Of an edge that has not yet heard of any log: "-/0".
  static ClockPlace none() { return {.log_id = "-"}; }
  bool is_none() const { return log_id == "-"; }
  std::string str() const { return log_id + "/" + std::to_string(number); }
  bool operator==(const ClockPlace&) const = default;
};
/// Nothing if `text` is no such place.
std::optional<ClockPlace> parse_clock_place(std::string_view text);

/// Where this edge is on the log, to be told to others and to be waited for. Stands between the follower and
/// its store, so that every move of the ledger passes here right after it was made. Any thread; owned by the
/// node.
class PurgeClock final : public purge::LedgerStore {
 public:
  explicit PurgeClock(const purge::Ledger& ledger) : ledger_(ledger) {}
  /// From here on to `store`, which begins with `log_id` (empty: no log is known yet). Before anything else
  /// is called.
  void begin(purge::LedgerStore& store, std::string log_id);

  // Control thread.
  void keep(purge::LedgerPlace place, std::vector<purge::Ledger::Row> rows, base::Executor& home,
            std::move_only_function<void(base::Status)> kept) override;
  void restart(purge::LedgerPlace place, base::Executor& home,
               std::move_only_function<void(base::Status)> kept) override;
  void forget(purge::Stamp upto, std::shared_ptr<const purge::Ledger::Names> spared) override {
    store_->forget(upto, std::move(spared));
  }

  /// What is applied now; nothing while no log is known. While another log is being taken up, a place of a
  /// log that nobody follows.
  std::optional<ClockPlace> now() const;
  /// Whether all up to `place` is applied. False if it is of another log.
  bool has_reached(const ClockPlace& place) const;

 private:
  friend class ClockWait;
  void moved(const purge::LedgerPlace& place);
  void watch(const base::Wakeup::Sender& sender);
  void unwatch(const base::Wakeup::Sender& sender);

  const purge::Ledger& ledger_;
  purge::LedgerStore* store_ = nullptr;
  mutable std::mutex mutex_;
  std::string log_id_{};     ///< under mutex_, as all below
  std::uint16_t epoch_ = 0;  ///< of log_id_
  std::vector<base::Wakeup::Sender> watchers_{};
};

/// Waits until the clock has reached a place, or a time is over. Lives on `home`; destroying it cancels.
class ClockWait {
 public:
  /// `done` is called once, never from within here; it may destroy this.
  ClockWait(PurgeClock& clock, base::Executor& home, ClockPlace place, base::Duration limit,
            std::move_only_function<void(bool reached)> done);
  ~ClockWait();
  ClockWait(const ClockWait&) = delete;
  ClockWait& operator=(const ClockWait&) = delete;

 private:
  void look(bool last);

  PurgeClock& clock_;
  const ClockPlace place_;
  std::move_only_function<void(bool)> done_;
  base::Timer timer_;
  base::Wakeup wakeup_;
};

}  // namespace node
