// SPDX-License-Identifier: Apache-2.0
// Requests of other edges that say how far they have applied the purges: what is older than that is not for
// them. Nothing stored here says by itself how it stands to a purge that has not come yet, so while we are
// behind the cache is passed by: the origin is asked anew, together with those only who were as far when they
// asked. What comes is kept with our own place on the clock, as always: it dies once more when the purge
// arrives, but no purge can be missed.
#include "edge/node/request.h"

namespace node {

void Request::take_peer() {
  const std::string said(head_.fields.get(kClockField).value_or(""));
  head_.fields.remove(kClockField);
  // Its own address: whose request it hands on (X-Forwarded-For) does not matter.
  from_peer_ = config_->purge.peers.contains(connection_.client_address);
  if (!from_peer_) context_.counters.peer_strangers.add();
  // What cannot be read is of no log: never reached.
  if (from_peer_) peer_place_ = parse_clock_place(said).value_or(ClockPlace{.log_id = "?"});
}

bool Request::is_behind() const {
  if (!peer_place_ || peer_place_->is_none()) return false;
  return context_.shared.clock == nullptr || !context_.shared.clock->has_reached(*peer_place_);
}

// Whether the look-up has to wait for the clock.
bool Request::awaits_clock() {
  if (!is_behind()) return false;
  if (context_.shared.clock == nullptr || config_->purge.peer_wait.count() == 0) {
    pass_by();
    return true;
  }
  context_.counters.peer_waits.add();
  clock_wait_ = std::make_unique<ClockWait>(*context_.shared.clock, context_.executor, *peer_place_,
                                            config_->purge.peer_wait, [this](bool reached) {
                                              if (!reached) return pass_by();
                                              look_up();
                                            });
  return true;
}

// From now on nothing that was asked for before this request came is its answer.
void Request::pass_by() {
  context_.counters.peer_passes.add();
  past_ = true;
  const auto mine = context_.shared.clock != nullptr ? context_.shared.clock->now() : std::nullopt;
  if (mine && mine->log_id == peer_place_->log_id) {
    past_stamp_ = purge::make_stamp(context_.shared.ledger.epoch(), peer_place_->number);
  }
  slice_bytes_ = 0;
  wish_.reset();
  // Of a range the origin is asked for no more than that.
  if (head_.fields.has("range")) return pass();
  look_up();
}

std::string Request::told_peer() const {
  if (!from_peer_) return {};
  const auto mine = context_.shared.clock != nullptr ? context_.shared.clock->now() : std::nullopt;
  return mine.value_or(ClockPlace::none()).str();
}

}  // namespace node
