// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/replay/simulated.h"

#include <algorithm>
#include <array>
#include <bit>
#include <deque>
#include <iterator>
#include <list>
#include <set>
#include <utility>

namespace replay {
namespace {

/// What all of them have.
class Bounded : public Simulated {
 public:
  Bounded(const Costs& costs, std::uint64_t budget) : costs_(costs), budget_(budget) {}

 protected:
  bool fits(std::uint32_t object) const { return costs_[object] <= budget_; }
  bool is_full_for(std::uint32_t object) const { return used_ + costs_[object] > budget_; }

  const Costs& costs_;
  const std::uint64_t budget_;
  std::uint64_t used_ = 0;
};

using Queue = std::list<std::uint32_t>;  // newest first

class Lru final : public Bounded {
 public:
  Lru(const Costs& costs, std::uint64_t budget) : Bounded(costs, budget), at_(costs.size(), queue_.end()) {}
  bool request(std::uint32_t object) override {
    if (at_[object] != queue_.end()) {
      queue_.splice(queue_.begin(), queue_, at_[object]);
      return true;
    }
    if (!fits(object)) return false;
    while (is_full_for(object)) {
      used_ -= costs_[queue_.back()];
      at_[queue_.back()] = queue_.end();
      queue_.pop_back();
    }
    at_[object] = queue_.insert(queue_.begin(), object);
    used_ += costs_[object];
    return false;
  }

 private:
  Queue queue_{};
  std::vector<Queue::iterator> at_;
};

class Fifo final : public Bounded {
 public:
  Fifo(const Costs& costs, std::uint64_t budget) : Bounded(costs, budget), there_(costs.size()) {}
  bool request(std::uint32_t object) override {
    if (there_[object] || !fits(object)) return there_[object];
    while (is_full_for(object)) {
      used_ -= costs_[queue_.front()];
      there_[queue_.front()] = false;
      queue_.pop_front();
    }
    queue_.push_back(object);
    there_[object] = true;
    used_ += costs_[object];
    return false;
  }

 private:
  std::deque<std::uint32_t> queue_{};  // oldest first
  std::vector<bool> there_;
};

class Sieve final : public Bounded {
 public:
  Sieve(const Costs& costs, std::uint64_t budget)
      : Bounded(costs, budget), there_(costs.size()), visited_(costs.size()) {}
  bool request(std::uint32_t object) override {
    if (there_[object]) return visited_[object] = true;
    if (!fits(object)) return false;
    while (is_full_for(object)) evict();
    queue_.push_front(object);
    there_[object] = true;
    visited_[object] = false;
    used_ += costs_[object];
    return false;
  }

 private:
  void evict() {
    if (hand_ == queue_.end()) hand_ = std::prev(queue_.end());
    while (visited_[*hand_]) {
      visited_[*hand_] = false;
      hand_ = std::prev(hand_ == queue_.begin() ? queue_.end() : hand_);
    }
    const auto victim = std::exchange(hand_, hand_ == queue_.begin() ? queue_.end() : std::prev(hand_));
    used_ -= costs_[*victim];
    there_[*victim] = false;
    queue_.erase(victim);
  }

  Queue queue_{};
  Queue::iterator hand_ = queue_.end();  // the end: at the oldest
  std::vector<bool> there_;
  std::vector<bool> visited_;
};

class S3Fifo final : public Bounded {
 public:
  S3Fifo(const Costs& costs, std::uint64_t budget)
      : Bounded(costs, budget),
        small_budget_(std::max<std::uint64_t>(1, budget / 10)),
        state_(costs.size()) {}
  bool request(std::uint32_t object) override {
    State& state = state_[object];
    if (state.there) {
      state.frequency = std::min(state.frequency + 1, 3);
      return true;
    }
    if (!fits(object)) return false;
    const bool returns = state.ghost != 0;
    if (returns) leave_ghost(object);
    if (!returns && costs_[object] >= small_budget_) return false;
    while (is_full_for(object)) evict();
    state = {.there = true};
    add(returns ? main_ : small_, object);
    used_ += costs_[object];
    return false;
  }

 private:
  struct State {
    bool there = false;
    int frequency = 0;
    std::uint64_t ghost = 0;  ///< which of its places in the ghost queue counts
  };
  struct Part {
    std::deque<std::uint32_t> queue{};  // oldest first
    std::uint64_t used = 0;
  };

  void add(Part& fifo, std::uint32_t object) {
    fifo.queue.push_back(object);
    fifo.used += costs_[object];
  }
  std::uint32_t take(Part& fifo) {
    const std::uint32_t object = fifo.queue.front();
    fifo.queue.pop_front();
    fifo.used -= costs_[object];
    return object;
  }
  void evict() {
    const bool main_is_over = main_.used > budget_ - small_budget_;
    if (main_is_over || small_.queue.empty())
      evict_from_main();
    else
      evict_from_small();
  }
  void evict_from_main() {
    std::uint32_t object = take(main_);
    for (; state_[object].frequency > 0; object = take(main_)) {
      --state_[object].frequency;
      add(main_, object);
    }
    leave(object);
  }
  void evict_from_small() {
    while (!small_.queue.empty()) {
      const std::uint32_t object = take(small_);
      if (state_[object].frequency < 2) {
        leave(object);
        return enter_ghost(object);
      }
      state_[object].frequency = 0;
      add(main_, object);
    }
  }
  void leave(std::uint32_t object) {
    used_ -= costs_[object];
    state_[object].there = false;
  }
  void enter_ghost(std::uint32_t object) {
    state_[object].ghost = ++ghosts_;
    ghost_.emplace_back(object, ghosts_);
    ghost_used_ += costs_[object];
    while (ghost_used_ > budget_ / 10 * 9) {
      const auto [oldest, place] = ghost_.front();
      ghost_.pop_front();
      if (state_[oldest].ghost == place) leave_ghost(oldest);
    }
  }
  void leave_ghost(std::uint32_t object) {
    state_[object].ghost = 0;
    ghost_used_ -= costs_[object];
  }

  const std::uint64_t small_budget_;
  std::vector<State> state_;
  Part small_{};
  Part main_{};
  std::deque<std::pair<std::uint32_t, std::uint64_t>> ghost_{};
  std::uint64_t ghosts_ = 0;
  std::uint64_t ghost_used_ = 0;
};

/// Sixteen counters in each of four rows for each object that fits; halved every ten requests for a counter
/// of a row.
class CountMin {
 public:
  explicit CountMin(std::uint64_t objects)
      : rows_(4, std::vector<std::uint8_t>(std::bit_ceil(16 * objects))), limit_(160 * objects) {}
  void add(std::uint32_t object) {
    const int count = std::min(this->count(object) + 1, 15);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      std::uint8_t& counter = rows_[row][place(row, object)];
      counter = static_cast<std::uint8_t>(std::max<int>(counter, count));
    }
    if (++added_ >= limit_) halve();
  }
  int count(std::uint32_t object) const {
    int least = 15;
    for (std::size_t row = 0; row < rows_.size(); ++row)
      least = std::min<int>(least, rows_[row][place(row, object)]);
    return least;
  }

 private:
  std::size_t place(std::size_t row, std::uint64_t object) const {
    std::uint64_t h = object + row * 0x9e3779b97f4a7c15ULL;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return (h ^ (h >> 33)) & (rows_[row].size() - 1);
  }
  void halve() {
    added_ /= 2;
    for (auto& row : rows_)
      for (std::uint8_t& counter : row) counter /= 2;
  }

  std::vector<std::vector<std::uint8_t>> rows_;
  std::uint64_t limit_;
  std::uint64_t added_ = 0;
};

/// Size: whether an object's worth is its frequency over its size, or its frequency alone (LFU with dynamic aging).
template <bool Size>
class GreedyDual final : public Bounded {
 public:
  GreedyDual(const Costs& costs, std::uint64_t budget)
      : Bounded(costs, budget), history_(objects_in(costs, budget)), state_(costs.size()) {}
  bool request(std::uint32_t object) override {
    ++now_;
    history_.add(object);
    State& state = state_[object];
    const bool hit = state.count > 0;
    if (hit) {
      heap_.erase({state.priority, state.at, object});
    } else {
      if (!fits(object)) return false;
      while (is_full_for(object)) evict();
      used_ += costs_[object];
    }
    ++state.count;
    state.at = now_;
    const int frequency = std::max(state.count, history_.count(object));
    state.priority = clock_ + frequency / (Size ? static_cast<double>(costs_[object]) : 1.0);
    heap_.insert({state.priority, state.at, object});
    return hit;
  }

 private:
  struct State {
    int count = 0;
    double priority = 0;
    std::uint64_t at = 0;  ///< breaks ties: the oldest goes
  };
  using Place = std::tuple<double, std::uint64_t, std::uint32_t>;

  static std::uint64_t objects_in(const Costs& costs, std::uint64_t budget) {
    double all = 0;
    for (const std::uint64_t cost : costs) all += static_cast<double>(cost);
    const double share = static_cast<double>(budget) / all;
    return std::max<std::uint64_t>(64, static_cast<std::uint64_t>(share * static_cast<double>(costs.size())));
  }
  void evict() {
    const auto [priority, at, object] = *heap_.begin();
    heap_.erase(heap_.begin());
    clock_ = priority;
    state_[object].count = 0;
    used_ -= costs_[object];
  }

  CountMin history_;
  std::vector<State> state_;
  std::set<Place> heap_{};
  double clock_ = 0;
  std::uint64_t now_ = 0;
};

template <class Cache>
std::unique_ptr<Simulated> make(const Costs& costs, std::uint64_t budget) {
  return std::make_unique<Cache>(costs, budget);
}

}  // namespace

const std::vector<Policy>& policies() {
  static const std::vector<Policy> all = {
      {"LRU", make<Lru>}, {"SIEVE", make<Sieve>}, {"S3-FIFO", make<S3Fifo>}, {"GDSF", make<GreedyDual<true>>}};
  return all;
}

const std::vector<TwoTiers>& peers() {
  static const Policy lru{"LRU", make<Lru>};
  static const Policy fifo{"FIFO", make<Fifo>};
  static const Policy gdsf{"GDSF", make<GreedyDual<true>>};
  static const Policy lfuda{"LFUDA", make<GreedyDual<false>>};
  static const std::vector<TwoTiers> all = {{"nginx, Varnish", lru, lru},
                                            {"Traffic Server", gdsf, fifo},
                                            {"Squid, LFUDA", gdsf, lfuda},
                                            {"Squid, GDSF", gdsf, gdsf}};
  return all;
}

}  // namespace replay
