// SPDX-License-Identifier: Apache-2.0
// What a full disk takes, and what it leaves to memory or passes on.
#include <gtest/gtest.h>

#include <atomic>
#include <string_view>
#include <thread>

#include "tests/integration/harness.h"

namespace harness {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kSmall = 100 * kKiB;   ///< two chunks, kept in one piece
constexpr std::uint64_t kLarge = 3000 * kKiB;  ///< above [memory] whole

SeededBody body_for(const std::string& target) {
  return {std::hash<std::string>{}(target), target.starts_with("/large") ? kLarge : kSmall};
}

class Admission : public testing::Test {
 protected:
  void start(const std::string& disk_keys = {}) {
    origin_.answer_all([](const Seen& seen) {
      return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = body_for(seen.target)};
    });
    edge_ = std::make_unique<Edge>(
        certificates_, folder_ / "edge",
        Edge::Options{
            .origin = origin_.url(), .memory = "16MiB", .disk = "32MiB", .loops = 1, .disk_keys = disk_keys});
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }
  Response get(const std::string& target) const {
    Response response = Client(edge_->client_options()).get("https://www.test" + target);
    EXPECT_TRUE(response.ok());
    EXPECT_EQ(response.sha256, body_for(target).sha256()) << target;
    return response;
  }
  bool is_hit(const std::string& target) const {
    return get(target).header("cache-status").contains("; hit");
  }
  double count(const std::string& name, const std::vector<std::string>& labels = {}) const {
    return edge_->metric(name, labels);
  }
  double first_requests() const {
    return count("selvage_disk_not_admitted_total", {"reason=\"first-request\""});
  }
  void wait_written() const {
    ASSERT_TRUE(
        wait_until([&] { return count("selvage_fetches") == 0 && count("selvage_disk_queued_bytes") == 0; }));
  }
  /// Asks for objects that nobody asks for again, `bytes` in all.
  void flood(std::uint64_t bytes) {
    for (std::uint64_t asked = 0; asked < bytes; asked += kSmall) get("/flood/" + std::to_string(floods_++));
    wait_written();
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  std::unique_ptr<Edge> edge_;
  int floods_ = 0;
};

TEST_F(Admission, AFullDiskTakesWhatIsAskedForAgain) {
  start();
  flood(64 << 20);
  EXPECT_GT(first_requests(), 0);
  const double evictions = count("selvage_disk_evictions_total");
  const double admitted = count("selvage_disk_admitted_total");
  flood(16 << 20);
  EXPECT_EQ(count("selvage_disk_admitted_total"), admitted);
  EXPECT_EQ(count("selvage_disk_evictions_total"), evictions);

  get("/again");
  EXPECT_TRUE(is_hit("/again"));  // in memory: now it goes to disk
  EXPECT_EQ(count("selvage_disk_admitted_total"), admitted + 1);
  flood(20 << 20);  // out of memory
  EXPECT_TRUE(is_hit("/again"));
  EXPECT_EQ(origin_.requests("/again"), 1U);

  get("/later");
  flood(20 << 20);
  EXPECT_FALSE(is_hit("/later"));  // out of memory, but remembered
  flood(20 << 20);
  EXPECT_TRUE(is_hit("/later"));
  EXPECT_EQ(origin_.requests("/later"), 2U);
}

TEST_F(Admission, ALargeBodyThatOneRequestWantsIsPassedOnToIt) {
  start();
  flood(64 << 20);
  const Response first = get("/large");
  EXPECT_FALSE(first.header("cache-status").contains("stored"));
  EXPECT_TRUE(get("/large").header("cache-status").contains("stored"));
  wait_written();
  EXPECT_TRUE(is_hit("/large"));
  EXPECT_EQ(origin_.requests("/large"), 2U);
}

TEST_F(Admission, ALargeBodyThatSeveralWaitForIsKept) {
  start();
  flood(64 << 20);
  const auto gate = std::make_shared<Gate>();
  origin_.answer(
      "/large",
      Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = body_for("/large"), .head_gate = gate});
  Client client(edge_->client_options());
  const std::vector<Request> requests(4, Request{.url = "https://www.test/large"});
  const double before = count("selvage_http_requests_total");
  std::thread opener([&] {
    EXPECT_TRUE(wait_until([&] { return count("selvage_http_requests_total") >= before + 4; }));
    gate->open();
  });
  for (const Response& response : client.perform_all(requests)) {
    EXPECT_TRUE(response.ok());
    EXPECT_EQ(response.sha256, body_for("/large").sha256());
  }
  opener.join();
  wait_written();
  EXPECT_TRUE(is_hit("/large"));
  EXPECT_EQ(origin_.requests("/large"), 1U);
}

TEST_F(Admission, EveryRequestIfThatIsWanted) {
  start("admission = \"every-request\"");
  flood(64 << 20);
  EXPECT_EQ(first_requests(), 0);
  EXPECT_TRUE(get("/large").header("cache-status").contains("stored"));
  wait_written();
  EXPECT_TRUE(is_hit("/large"));
}

/// One version after another, by the number of requests; a client that says no-cache gets the next.
class NewVersion : public Admission, public testing::WithParamInterface<const char*> {
 protected:
  void begin() {
    start("write_rate = \"1KiB\"");
    origin_.answer(GetParam(), [this](const Seen&) {
      return Reply{.headers = {{"Cache-Control", "max-age=600"}}, .body = version(++versions_)};
    });
  }
  static SeededBody version(std::uint64_t number) {
    return {number, std::string_view(GetParam()).starts_with("/large") ? kLarge : kSmall};
  }
  std::string fetch(Headers headers = {}) const {
    return Client(edge_->client_options())
        .perform({.url = std::string("https://www.test") + GetParam(), .headers = std::move(headers)})
        .sha256;
  }
  void expect_newest() const {
    const std::string got = fetch();
    EXPECT_EQ(got, version(versions_).sha256()) << "of " << versions_;
  }
  std::atomic<std::uint64_t> versions_{0};
};

TEST_P(NewVersion, ThatIsNotWrittenLeavesNoOlderOneBehind) {
  begin();
  EXPECT_EQ(fetch(), version(1).sha256());
  wait_written();  // as much as the rate allows, for a while
  EXPECT_EQ(fetch({{"Cache-Control", "no-cache"}}), version(2).sha256());
  wait_written();
  flood(20 << 20);  // out of memory
  expect_newest();
  EXPECT_GE(versions_, 2U);
  ASSERT_EQ(edge_->process().stop(), 0);
  ASSERT_TRUE(edge_->start());
  expect_newest();
}

INSTANTIATE_TEST_SUITE_P(Sizes, NewVersion, testing::Values("/small", "/large"));

TEST_F(Admission, TheWriteRateIsKept) {
  start("write_rate = \"1KiB\"");
  flood(8 << 20);
  EXPECT_GT(count("selvage_disk_not_admitted_total", {"reason=\"write-rate\""}), 70);
}

}  // namespace
}  // namespace harness
