// SPDX-License-Identifier: Apache-2.0
// The edge's memory while far more passes through it than its budget. SELVAGE_FULL=1: four times as much.
#include <gtest/gtest.h>

#include <iostream>
#include <thread>

#include "tests/integration/harness.h"
#include "tests/integration/scale.h"

namespace harness {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRoomBeside = 64 * kMiB;  ///< what the edge may take beside its memory budget
constexpr std::size_t kThreads = 4;
constexpr std::size_t kBatch = 50;

SeededBody body_for(const std::string& target) {
  const std::uint64_t number = std::stoull(target.substr(1));
  return {number, 20'000 + number * 7919 % 40'000};
}

class Memory : public testing::Test {
 protected:
  static constexpr std::uint64_t kBudgetMiB = 32;

  void SetUp() override {
    origin_.answer_all([](const Seen& seen) {
      return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = body_for(seen.target)};
    });
    edge_ = std::make_unique<Edge>(
        certificates_, folder_ / "edge",
        Edge::Options{.origin = origin_.url(), .memory = std::to_string(kBudgetMiB) + "MiB", .disk = "4GiB"});
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }
  /// Asks for `batches` batches of objects from `first` on, and counts the bodies that are not right.
  std::size_t faults(std::size_t first, std::size_t batches) const {
    Client client(edge_->client_options());
    std::size_t found = 0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
      std::vector<Request> requests;
      for (std::size_t i = 0; i < kBatch; ++i) {
        const std::string number = std::to_string(first + batch * kBatch + i);
        requests.push_back({.url = "https://www.test/" + number, .keep_body = false});
      }
      const auto responses = client.perform_all(requests);
      for (std::size_t i = 0; i < kBatch; ++i) {
        const std::string target = "/" + std::to_string(first + batch * kBatch + i);
        if (!responses[i].ok() || responses[i].sha256 != body_for(target).sha256()) ++found;
      }
    }
    return found;
  }
  std::size_t faults_of_all(std::size_t batches) const {
    std::atomic<std::size_t> found{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] { found += faults(t * batches * kBatch, batches); });
    for (std::thread& thread : threads) thread.join();
    return found;
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  std::unique_ptr<Edge> edge_;
};

TEST_F(Memory, ManySmallObjectsKeepToTheBudget) {
  const std::size_t batches = full_size() ? 200 : kSanitized ? 5 : 50;
  EXPECT_EQ(faults_of_all(batches), 0U);
  EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_disk_queued_bytes") == 0; }));
  const double dropped = edge_->metric("selvage_disk_dropped_writes_total");
  EXPECT_EQ(faults_of_all(batches), 0U);  // most of them from disk now
  const std::size_t objects = kThreads * batches * kBatch;
  EXPECT_LE(static_cast<double>(origin_.requests()), static_cast<double>(objects) + dropped);
  const std::uint64_t peak = edge_->process().peak_resident_bytes();
  if (!kSanitized) {
    EXPECT_LE(peak, kBudgetMiB * kMiB + kRoomBeside);
  }
  std::cout << objects << " objects, " << origin_.body_bytes_sent() / kMiB << " MiB: peak RSS " << peak / kMiB
            << " MiB of " << kBudgetMiB << " + 64; " << dropped << " not written to disk\n";
}

}  // namespace
}  // namespace harness
