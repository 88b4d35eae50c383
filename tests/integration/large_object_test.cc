// SPDX-License-Identifier: Apache-2.0
// An object far larger than the memory tier. SELVAGE_FULL=1: 4 GiB and a tier of 256 MiB, which takes some
// minutes; otherwise an eighth of both.
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <iostream>

#include "tests/integration/crowd.h"
#include "tests/integration/harness.h"
#include "tests/integration/scale.h"

namespace harness {
namespace {

using namespace std::chrono_literals;
using Protocol = Request::Protocol;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRoomBeside = 64 * kMiB;  ///< what the edge may take beside its memory budget

/// Reads at 1 MiB/s until it is let go.
class SlowReader {
 public:
  explicit SlowReader(Request request) : request_(std::move(request)) {
    request_.on_bytes = [this](std::string_view piece) { take(piece.size()); };
  }
  void start(const Client::Options& options) {
    response_ = std::async(std::launch::async, [this, options] { return Client(options).perform(request_); });
  }
  std::uint64_t received() const { return received_; }
  Response finish() {
    {
      const std::scoped_lock lock(mutex_);
      hurries_ = true;
    }
    changed_.notify_one();
    return response_.get();
  }

 private:
  void take(std::uint64_t bytes) {
    received_ += bytes;
    const std::chrono::duration<double> due(static_cast<double>(received_) / kMiB);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, begun_ + std::chrono::duration_cast<std::chrono::nanoseconds>(due),
                        [this] { return hurries_; });
  }

  Request request_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> received_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hurries_ = false;
  std::future<Response> response_;
};

class LargeObject : public testing::Test {
 protected:
  const std::size_t fast_ = full_size() ? 20 : 6;
  const std::uint64_t scale_ = full_size() ? 8 : 1;
  const std::uint64_t memory_mib_ = 32 * scale_;
  const SeededBody body_{11, 512 * kMiB* scale_};

  void SetUp() override {
    Edge::Options options{.origin = origin_.url(),
                          .memory = std::to_string(memory_mib_) + "MiB",
                          .disk = std::to_string(3 * scale_) + "GiB",
                          .disk_keys = "max_object = \"" + std::to_string(600 * scale_) + "MiB\""};
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options);
    origin_.answer("/large", Reply{.headers = {{"Cache-Control", "max-age=86400"}}, .body = body_});
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }

  static Request request(std::size_t i) {
    return {.url = "https://www.test/large",
            .protocol = i % 2 == 0 ? Protocol::Http2 : Protocol::Http11,
            .own_connection = true,
            .keep_body = false,
            .limit = 3600s};
  }
  void expect_whole(const Response& response) const {
    EXPECT_TRUE(response.ok()) << response.status << response.error;
    EXPECT_EQ(response.sha256, sum_);
  }
  void expect_bounded_memory(const std::string& when) {
    const std::uint64_t peak = edge_->process().peak_resident_bytes();
    if (!kSanitized) {
      EXPECT_LE(peak, memory_mib_ * kMiB + kRoomBeside) << when;
    }
    std::cout << when << ": peak RSS " << peak / kMiB << " MiB of " << memory_mib_ << " + 64\n";
  }

  const std::string sum_ = body_.sha256();
  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  std::unique_ptr<Edge> edge_;
};

TEST_F(LargeObject, NobodyWaitsForASlowClientAndMemoryIsBounded) {
  SlowReader slow(request(0));
  slow.start(edge_->client_options());
  std::vector<Request> fast;
  for (std::size_t i = 0; i < fast_; ++i) fast.push_back(request(i));
  const auto begin = std::chrono::steady_clock::now();
  for (const Response& response : perform_in_crowd(edge_->client_options(), fast)) expect_whole(response);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(slow.received(), body_.size() * 3 / 4);  // it is still far behind
  std::cout << fast_ << " clients took " << took.count() << " s, the slow one has " << slow.received() / kMiB
            << " of " << body_.size() / kMiB << " MiB then\n";
  expect_bounded_memory("while filling");
  expect_whole(slow.finish());
  EXPECT_EQ(origin_.requests("/large"), 1U);

  // Now from disk; much more of it than memory can hold.
  std::vector<Request> again{request(0), request(1)};
  for (const Response& response : perform_in_crowd(edge_->client_options(), again)) {
    expect_whole(response);
    EXPECT_NE(response.header("cache-status").find("hit"), std::string::npos);
  }
  Request range = request(0);
  const std::uint64_t first = body_.size() / 2 + 12'345;
  range.headers = {{"Range", "bytes=" + std::to_string(first) + "-" + std::to_string(first + 3 * kMiB - 1)}};
  const Response part = Client(edge_->client_options()).perform(range);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.sha256, sha256(body_.text(first, 3 * kMiB)));
  EXPECT_NE(part.header("cache-status").find("hit"), std::string::npos);
  EXPECT_EQ(origin_.requests("/large"), 1U);
  expect_bounded_memory("after hits on disk");
}

}  // namespace
}  // namespace harness
