// SPDX-License-Identifier: Apache-2.0
#include "purge/server/nodes.h"

#include <algorithm>

namespace purgeapi {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

// What is remembered may be older than this: it costs a write, and only names must not be missed.
constexpr auto kKeepAppliedAfter = 10s;
constexpr auto kKeepHeardAfter = 1h;

}  // namespace

Node* Nodes::find_or_add(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found != nodes_.end()) return &found->second;
  forget_absent();
  if (nodes_.size() >= limits_.nodes) return nullptr;
  return &nodes_[name];
}

void Nodes::forget_absent() {
  const base::Steady now = clock_.steady();
  if (now - started_ < limits_.silence)
    return;  // it was the API that was absent: they may be about to come back
  const auto absent = [&](const auto& entry) {
    const bool gone = entry.second.streams == 0 && now - entry.second.heard > limits_.forget;
    return gone && forgets(entry.first);
  };
  if (std::erase_if(nodes_, absent) != 0) tell();
}

Nodes::Retired Nodes::retire(std::string_view name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return Retired::Unknown;
  if (follows(found->second)) return Retired::Connected;
  if (!forgets(found->first)) return Retired::NotNow;
  nodes_.erase(found);
  tell();
  return Retired::Done;
}

// Otherwise it would be back, and away, after the API's next start.
bool Nodes::forgets(const std::string& name) const { return !keep_ || keep_(name, nullptr); }

void Nodes::restore(const std::string& name, Sequence applied, milliseconds silent) {
  // "Kept" so long ago that its next word is kept.
  const base::Steady heard = clock_.steady() - silent;
  nodes_[name] = {.applied = applied, .heard = heard, .kept = applied, .kept_at = heard};
}

void Nodes::heard(const std::string& name, Node& node) {
  node.heard = clock_.steady();
  heard_of(name, node);
}

// Keeps what is due.
void Nodes::heard_of(const std::string& name, Node& node) {
  const base::Steady now = clock_.steady();
  if (!keep_) return;
  const bool due = !node.kept_at || node.applied < node.kept || now - *node.kept_at > kKeepHeardAfter ||
                   (node.applied != node.kept && now - *node.kept_at > kKeepAppliedAfter);
  if (!due || !keep_(name, &node)) return;
  node.kept = node.applied;
  node.kept_at = now;
}

bool Nodes::connected(const std::string& name) {
  Node* node = find_or_add(name);
  if (node == nullptr) return false;
  ++node->streams;
  heard(name, *node);
  tell();
  return true;
}

void Nodes::disconnected(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end() || found->second.streams == 0) return;
  --found->second.streams;
  tell();
}

bool Nodes::acknowledged(const std::string& name, Sequence applied) {
  Node* node = find_or_add(name);
  if (node == nullptr) return false;
  const base::Steady now = clock_.steady();
  const auto at = std::chrono::duration_cast<milliseconds>(clock_.wall().time_since_epoch());
  const bool was_live = live(*node);
  // A node that lost its state acknowledges a smaller number: then that is the truth.
  const Sequence before = std::exchange(node->applied, applied);
  heard(name, *node);
  const auto end = recent_.upper_bound(applied);
  for (auto place = recent_.upper_bound(before); place != recent_.end() && place != end && before < applied;
       ++place) {
    const auto took = std::chrono::duration_cast<milliseconds>(now - place->second.accepted);
    if (!place->second.by_node.try_emplace(name, took.count(), at.count()).second) continue;
    const double seconds = std::chrono::duration<double>(now - place->second.accepted).count();
    const auto bound = std::ranges::lower_bound(PropagationTimes::kBounds, seconds);
    ++times_.counts[static_cast<std::size_t>(bound - PropagationTimes::kBounds.begin())];
    times_.sum += seconds;
  }
  // The same again, as nodes say it every few seconds, completes no wait.
  if (before != applied || !was_live) tell();
  return true;
}

void Nodes::applied_elsewhere(const std::string& name, Sequence applied) {
  if (Node* node = find_or_add(name)) {
    const bool was_there = std::exchange(node->elsewhere, true);
    acknowledged(name, applied);
    if (!was_there) tell();
  }
}

void Nodes::left_elsewhere(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  found->second.elsewhere = false;
  tell();
}

void Nodes::forgotten_elsewhere(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end() || found->second.streams != 0) return;
  nodes_.erase(found);
  tell();
}

void Nodes::another_log() {
  recent_.clear();
  for (auto& [name, node] : nodes_) {
    node.applied = 0;
    heard_of(name, node);
  }
  tell();
}

void Nodes::lead() {
  started_ = clock_.steady();
  for (auto& [name, node] : nodes_) node.heard = started_;
}

void Nodes::accepted(Sequence sequence) {
  recent_[sequence].accepted = clock_.steady();
  while (recent_.size() > limits_.recent_purges) recent_.erase(recent_.begin());
}

bool Nodes::follows(const Node& node) const {
  return node.streams != 0 || (node.elsewhere && clock_.steady() - node.heard < limits_.silence);
}

bool Nodes::live(const Node& node) const {
  return follows(node) && clock_.steady() - node.heard < limits_.silence;
}

std::size_t Nodes::live_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(nodes_, [this](const auto& entry) { return live(entry.second); }));
}

base::Duration Nodes::lag(const Node& node, Sequence head) const {
  if (node.applied >= head) return {};
  const auto oldest = recent_.upper_bound(node.applied);
  const base::Steady since = oldest == recent_.end() ? started_ : oldest->second.accepted;
  return clock_.steady() - since;
}

bool Nodes::awaits(Sequence sequence) const {
  const base::Steady now = clock_.steady();
  return std::ranges::any_of(nodes_, [&](const auto& entry) {
    const Node& node = entry.second;
    if (node.applied >= sequence) return false;
    return live(node) || now - std::max(node.heard, started_) < limits_.silence;
  });
}

Progress Nodes::progress(Sequence sequence) const {
  Progress progress;
  const auto recent = recent_.find(sequence);
  const base::Steady now = clock_.steady();
  for (const auto& [name, node] : nodes_) {
    if (node.applied >= sequence) {
      Progress::Applied applied{.node = name};
      if (recent != recent_.end()) {
        const auto took = recent->second.by_node.find(name);
        if (took != recent->second.by_node.end()) {
          applied.ms = took->second.ms;
          applied.at_ms = took->second.at_ms;
        }
      }
      progress.applied.push_back(std::move(applied));
    } else if (live(node)) {
      progress.pending.push_back(name);
    } else {
      progress.away.push_back(name);
      // After a start of the API every node that it knew has the time to come back.
      if (now - std::max(node.heard, started_) < limits_.silence) progress.expected = true;
    }
  }
  return progress;
}

}  // namespace purgeapi
