// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "purge/server/purge_log.h"

namespace purgeapi {

/// Whoever listens to a log: notes all that it hears. Any thread.
class Ears final : public PurgeLog::Listener {
 public:
  void on_head_moved(Sequence head) override { head_ = head; }
  void on_log_changed() override { ++changes_; }
  void on_word(const NodeWord& word) override {
    const std::scoped_lock lock(mutex_);
    words_.push_back(word);
  }
  void on_answer(const std::string& node, std::string) override {
    const std::scoped_lock lock(mutex_);
    answered_.insert(node);
  }

  Sequence head() const { return head_; }
  int changes() const { return changes_; }
  bool has(NodeWord::Kind kind, const std::string& name, Sequence applied) const {
    return any([&](const NodeWord& word) {
      return word.kind == kind && word.name == name && word.applied == applied;
    });
  }
  bool heard(const std::string& name, Sequence applied) const {
    return has(NodeWord::Kind::Applied, name, applied);
  }
  bool left(const std::string& name) const {
    return any([&](const NodeWord& word) { return word.kind == NodeWord::Kind::Left && word.name == name; });
  }
  bool answered(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    return answered_.contains(name);
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    words_.clear();
  }

 private:
  template <typename Wanted>
  bool any(Wanted wanted) const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(words_, wanted);
  }

  std::atomic<Sequence> head_{0};
  std::atomic<int> changes_{0};
  mutable std::mutex mutex_;
  std::vector<NodeWord> words_{};
  std::set<std::string> answered_{};
};

}  // namespace purgeapi
