// SPDX-License-Identifier: Apache-2.0
#include "edge/node/purge_clock.h"

#include <algorithm>
#include <utility>

#include "edge/base/text.h"

namespace node {
namespace {

constexpr std::size_t kLogIdBytesMax = 200;
constexpr std::string_view kNoLog = "?";

std::uint16_t epoch_of(purge::Stamp stamp) { return static_cast<std::uint16_t>(stamp >> 48U); }

}  // namespace

std::optional<ClockPlace> parse_clock_place(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || slash > kLogIdBytesMax) return {};
  const auto number = base::decimal(text.substr(slash + 1));
  if (!number) return {};
  return ClockPlace{std::string(text.substr(0, slash)), *number};
}

void PurgeClock::begin(purge::LedgerStore& store, std::string log_id) {
  store_ = &store;
  log_id_ = std::move(log_id);
  epoch_ = ledger_.epoch();
}

void PurgeClock::keep(purge::LedgerPlace place, std::vector<purge::Ledger::Row> rows, base::Executor& home,
                      std::move_only_function<void(base::Status)> kept) {
  moved(place);
  store_->keep(std::move(place), std::move(rows), home, std::move(kept));
}

void PurgeClock::restart(purge::LedgerPlace place, base::Executor& home,
                         std::move_only_function<void(base::Status)> kept) {
  moved(place);
  store_->restart(std::move(place), home, std::move(kept));
}

void PurgeClock::moved(const purge::LedgerPlace& place) {
  const std::scoped_lock lock(mutex_);
  if (log_id_ != place.log_id) log_id_ = place.log_id;
  epoch_ = place.epoch;
  for (const base::Wakeup::Sender& watcher : watchers_) watcher.signal();
}

std::optional<ClockPlace> PurgeClock::now() const {
  const purge::Stamp stamp = ledger_.now();
  const std::scoped_lock lock(mutex_);
  if (log_id_.empty()) return {};
  const bool known = epoch_of(stamp) == epoch_;
  return ClockPlace{known ? log_id_ : std::string(kNoLog), purge::sequence_of(stamp)};
}

bool PurgeClock::has_reached(const ClockPlace& place) const {
  const auto mine = now();
  return mine && mine->log_id == place.log_id && mine->number >= place.number && place.log_id != kNoLog;
}

void PurgeClock::watch(const base::Wakeup::Sender& sender) {
  const std::scoped_lock lock(mutex_);
  watchers_.push_back(sender);
}

void PurgeClock::unwatch(const base::Wakeup::Sender& sender) {
  const std::scoped_lock lock(mutex_);
  std::erase(watchers_, sender);
}

ClockWait::ClockWait(PurgeClock& clock, base::Executor& home, ClockPlace place, base::Duration limit,
                     std::move_only_function<void(bool)> done)
    : clock_(clock), place_(std::move(place)), done_(std::move(done)), timer_(home), wakeup_(home, [this] {
        look(false);
      }) {
  clock_.watch(wakeup_.sender());
  timer_.start(limit, [this] { look(true); });
  wakeup_.sender().signal();  // it may have moved before it was watched
}

ClockWait::~ClockWait() { clock_.unwatch(wakeup_.sender()); }

void ClockWait::look(bool last) {
  const bool reached = clock_.has_reached(place_);
  if ((!reached && !last) || !done_) return;
  timer_.stop();
  auto done = std::move(done_);
  done_ = nullptr;
  done(reached);
}

}  // namespace node
