// SPDX-License-Identifier: Apache-2.0
// One fill for all who ask. SELVAGE_FULL=1 runs the herd at the size that the goal names (500 clients, 50 MiB
// over 5 s: 25 GiB through TLS, a minute or two on two cores); otherwise its object is smaller, and the
// budget with it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <iostream>
#include <set>

#include "tests/integration/crowd.h"
#include "tests/integration/harness.h"
#include "tests/integration/scale.h"

namespace harness {
namespace {

using namespace std::chrono_literals;
using Protocol = Request::Protocol;

constexpr std::uint64_t kMiB = 1 << 20;
const std::pair<std::string, std::string> kCacheable{"Cache-Control", "max-age=600"};
constexpr std::uint64_t kRoomBeside = 64 * kMiB;  ///< what the edge may take beside its memory budget

class Coalescing : public testing::Test {
 protected:
  void start(std::uint64_t memory_mib = 64) {
    options_.origin = origin_.url();
    options_.memory = std::to_string(memory_mib) + "MiB";
    edge_ = std::make_unique<Edge>(certificates_, folder_ / "edge", options_);
    ASSERT_TRUE(edge_->start()) << edge_->output();
  }

  static Request request(const std::string& path, std::size_t i = 0) {
    return {.url = "https://www.test" + path,
            .protocol = i % 2 == 0 ? Protocol::Http2 : Protocol::Http11,
            .own_connection = true,
            .keep_body = false,
            .limit = 600s};
  }
  static std::vector<Request> crowd(const std::string& path, std::size_t clients) {
    std::vector<Request> requests;
    for (std::size_t i = 0; i < clients; ++i) requests.push_back(request(path, i));
    return requests;
  }
  auto perform_aside(std::vector<Request> requests) {
    return std::async(std::launch::async, [this, requests = std::move(requests)] {
      return perform_in_crowd(edge_->client_options(), requests);
    });
  }
  /// Whether the edge gets to have so many requests in all.
  bool wait_for_requests(std::size_t count) {
    const auto enough = static_cast<double>(count);
    return wait_until([&] { return edge_->metric("selvage_http_requests_total") >= enough; }, 60s);
  }

  TempFolder folder_;
  Certificates certificates_{folder_.path()};
  Origin origin_;
  Edge::Options options_{};
  std::unique_ptr<Edge> edge_;
};

/// Counts the clients that have got so many body bytes.
class Arrivals {
 public:
  explicit Arrivals(std::uint64_t bytes) : bytes_(bytes) {}
  void watch(std::vector<Request>& requests) {
    for (Request& request : requests) {
      request.on_bytes = [this, got = std::uint64_t{0}](std::string_view piece) mutable {
        const std::uint64_t before = got;
        got += piece.size();
        if (before < bytes_ && got >= bytes_) ++count_;
      };
    }
  }
  bool wait_for(std::size_t count) {
    return wait_until([&] { return count_ >= count; }, 60s);
  }

 private:
  std::uint64_t bytes_;
  std::atomic<std::size_t> count_{0};
};

void expect_whole(const std::vector<Response>& responses, const SeededBody& body) {
  const std::string sum = body.sha256();
  for (const Response& response : responses) {
    ASSERT_TRUE(response.ok()) << response.status << response.error;
    ASSERT_EQ(response.sha256, sum);
  }
}

TEST_F(Coalescing, AHerdIsServedByOneRequestWhileItsFillRuns) {
  const std::size_t clients = kSanitized ? 60 : 500;
  const SeededBody body(1, full_size() ? 50 * kMiB : 4 * kMiB);
  const std::uint64_t memory_mib = full_size() ? 64 : 16;
  const auto all_ask = std::make_shared<Gate>();
  const auto all_have_some = std::make_shared<Gate>();
  Reply reply{.headers = {kCacheable}, .body = body, .head_gate = all_ask};
  reply.spread = full_size() ? 5s : 1s;
  if (!full_size()) reply.body_gate = all_have_some;
  reply.gate_at = 64UL * 1024;
  origin_.answer("/film", reply);
  start(memory_mib);
  auto requests = crowd("/film", clients);
  Arrivals first_bytes(1);
  first_bytes.watch(requests);
  auto herd = perform_aside(std::move(requests));
  EXPECT_TRUE(wait_for_requests(clients));
  all_ask->open();
  EXPECT_TRUE(first_bytes.wait_for(clients));  // in the small run nobody would get on without it
  all_have_some->open();
  const auto responses = herd.get();

  EXPECT_EQ(origin_.requests("/film"), 1U);
  expect_whole(responses, body);
  for (const std::string loop : {"0", "1"}) {
    EXPECT_GE(edge_->metric("selvage_http_requests_total", {"loop=\"" + loop + "\""}),
              static_cast<double>(clients) / 4);
  }
  const std::uint64_t peak = edge_->process().peak_resident_bytes();
  if (!kSanitized) {
    EXPECT_LE(peak, memory_mib * kMiB + kRoomBeside);
  }
  const FirstBytes first(responses, origin_.first_byte("/film"));
  std::cout << clients << " clients, first byte after the origin's: " << first.text() << "; peak RSS "
            << peak / kMiB << " MiB of " << memory_mib << " + 64; CPU time of the edge "
            << edge_->process().cpu_time().count() << " ms\n";
}

TEST_F(Coalescing, WhoComesLateGetsAllThatIsThereBeforeTheFillEnds) {
  const SeededBody body(2, 6 * kMiB);
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/a", Reply{.headers = {kCacheable}, .body = body, .body_gate = gate, .gate_at = 3 * kMiB});
  start();
  Arrivals halves(3 * kMiB);
  auto early = crowd("/a", 1);
  halves.watch(early);
  auto first = perform_aside(std::move(early));
  EXPECT_TRUE(halves.wait_for(1));
  auto late = crowd("/a", 20);
  halves.watch(late);
  auto rest = perform_aside(std::move(late));
  EXPECT_TRUE(halves.wait_for(21));
  gate->open();
  expect_whole(first.get(), body);
  expect_whole(rest.get(), body);
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Coalescing, ClientsThatLeaveHarmNobodyNotEvenTheOneThatLed) {
  const SeededBody body(3, 6 * kMiB);
  for (const Protocol protocol : {Protocol::Http2, Protocol::Http11}) {
    SCOPED_TRACE(static_cast<int>(protocol));
    const std::string path = protocol == Protocol::Http2 ? "/h2" : "/h1";
    const auto all_ask = std::make_shared<Gate>();
    const auto some_left = std::make_shared<Gate>();
    origin_.answer(path, Reply{.headers = {kCacheable},
                               .body = body,
                               .head_gate = all_ask,
                               .body_gate = some_left,
                               .gate_at = 2 * kMiB});
    options_.extra = "[fetch]\nfinish = 0\n";  // nothing is finished for its own sake
    start();
    auto leaving = crowd(path, 9);
    for (Request& request : leaving) request.leave_after = 200'000;
    std::vector<Request> leader{leaving.front()};
    leader[0].protocol = protocol;
    leaving.erase(leaving.begin());
    auto led = perform_aside(std::move(leader));
    EXPECT_TRUE(wait_until([&] { return origin_.requests(path) == 1; }));
    auto others = perform_aside(std::move(leaving));
    auto staying = perform_aside(crowd(path, 12));
    EXPECT_TRUE(wait_for_requests(21));
    all_ask->open();
    EXPECT_FALSE(led.get()[0].ok());
    for (const Response& response : others.get()) EXPECT_FALSE(response.ok());
    EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_responses_aborted_total") == 9; }));
    some_left->open();
    expect_whole(staying.get(), body);
    EXPECT_EQ(origin_.requests(path), 1U);
  }
}

TEST_F(Coalescing, AFillThatNobodyWantsAnyMoreEnds) {
  const SeededBody body(4, 200 * kMiB);
  const auto all_ask = std::make_shared<Gate>();
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/a", Reply{.headers = {kCacheable},
                             .body = body,
                             .head_gate = all_ask,
                             .body_gate = gate,
                             .gate_at = 2 * kMiB});
  start();
  auto leaving = crowd("/a", 8);
  for (Request& request : leaving) request.leave_after = 200'000;
  auto all = perform_aside(std::move(leaving));
  EXPECT_TRUE(wait_for_requests(8));  // who came after the others have left would begin another fill
  all_ask->open();
  for (const Response& response : all.get()) EXPECT_FALSE(response.ok());
  EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_fills_abandoned_total") == 1; }));
  EXPECT_TRUE(wait_until(
      [&] { return edge_->metric("selvage_fetches") == 0 && edge_->metric("selvage_fills_bytes") == 0; }));
  gate->open();
  // What was there of it is not taken for the whole.
  const SeededBody next(5, 2 * kMiB);
  origin_.answer("/a", Reply{.headers = {kCacheable}, .body = next});
  expect_whole(perform_in_crowd(edge_->client_options(), crowd("/a", 4)), next);
  EXPECT_EQ(origin_.requests("/a"), 2U);
}

TEST_F(Coalescing, HeadAndRangesAreServedFromTheOneFill) {
  const SeededBody body(6, 5 * kMiB);
  const auto gate = std::make_shared<Gate>();
  origin_.answer("/a", Reply{.headers = {kCacheable}, .body = body, .etag = "\"1\"", .head_gate = gate});
  start();
  std::vector<Request> wholes = crowd("/a", 5);
  for (const std::size_t i : {0, 1, 2}) wholes[i].method = "HEAD";
  auto early = perform_aside(std::move(wholes));
  EXPECT_TRUE(wait_for_requests(5));
  // A range that comes soon enough in what is being fetched is no reason to fetch a part.
  std::vector<Request> ranges = crowd("/a", 7);
  for (Request& request : ranges) request.keep_body = true;
  for (const std::size_t i : {0, 1, 2}) ranges[i].headers = {{"Range", "bytes=4000000-4999999"}};
  for (const std::size_t i : {3, 4}) ranges[i].headers = {{"Range", "bytes=-100"}};
  for (const std::size_t i : {5, 6}) ranges[i].headers = {{"Range", "bytes=9000000-"}};
  auto late = perform_aside(std::move(ranges));
  EXPECT_TRUE(wait_for_requests(12));
  gate->open();
  const auto whole = early.get();
  for (const std::size_t i : {0, 1, 2}) {
    EXPECT_EQ(whole[i].status, 200);
    EXPECT_EQ(whole[i].header("content-length"), std::to_string(body.size()));
    EXPECT_EQ(whole[i].body_bytes, 0U);
  }
  expect_whole({whole[3], whole[4]}, body);
  const auto parts = late.get();
  for (const std::size_t i : {0, 1, 2}) {
    EXPECT_EQ(parts[i].status, 206);
    EXPECT_EQ(parts[i].body, body.text(4'000'000, 1'000'000));
  }
  for (const std::size_t i : {3, 4}) EXPECT_EQ(parts[i].body, body.text(body.size() - 100, 100));
  for (const std::size_t i : {5, 6}) EXPECT_EQ(parts[i].status, 416);
  EXPECT_EQ(origin_.requests("/a"), 1U);
}

TEST_F(Coalescing, UncacheableAnswersReleaseTheWaitersAtOnce) {
  constexpr std::size_t kClients = 20;
  const auto all_ask = std::make_shared<Gate>();
  const auto rest_done = std::make_shared<Gate>();
  std::array<std::shared_ptr<Gate>, 2> together{std::make_shared<Gate>(), std::make_shared<Gate>()};
  std::atomic<std::size_t> asked{0};
  origin_.answer("/a", [&](const Seen&) {
    const std::size_t number = asked++;
    Reply reply{.headers = {{"Cache-Control", "no-store"}}, .body = std::to_string(number)};
    // The first one's head releases the others, whatever becomes of its body.
    if (number == 0) reply.body_gate = rest_done;
    // The others, and later ones, get on only when all are at the origin side by side.
    reply.head_gate = number == 0 ? all_ask : together[number < kClients ? 0 : 1];
    return reply;
  });
  start();
  auto all = perform_aside(crowd("/a", kClients));
  EXPECT_TRUE(wait_for_requests(kClients));
  EXPECT_TRUE(wait_until([&] { return asked != 0; }));
  EXPECT_EQ(asked, 1U);
  all_ask->open();
  EXPECT_TRUE(wait_until([&] { return asked == kClients; }, 60s));
  together[0]->open();
  EXPECT_TRUE(wait_until([&] { return edge_->metric("selvage_responses_total") == kClients - 1; }, 60s));
  rest_done->open();
  auto later = perform_aside(crowd("/a", kClients));
  EXPECT_TRUE(wait_until([&] { return asked == 2 * kClients; }, 60s));
  together[1]->open();
  std::set<std::string> bodies;
  for (auto* responses : {&all, &later}) {
    for (const Response& response : responses->get()) {
      EXPECT_TRUE(response.ok()) << response.error;
      bodies.insert(response.sha256);
    }
  }
  EXPECT_EQ(bodies.size(), 2 * kClients);  // each its own
}

TEST_F(Coalescing, ABrokenFillGivesNobodyAWholeBody) {
  const SeededBody body(7, 3 * kMiB);
  origin_.answer("/a", Reply{.headers = {kCacheable}, .body = body, .chunked = true, .break_at = 2 * kMiB});
  start();
  for (const Response& response : perform_in_crowd(edge_->client_options(), crowd("/a", 10)))
    EXPECT_FALSE(response.ok()) << response.body_bytes;
  const std::size_t before = origin_.requests("/a");
  origin_.answer("/a", Reply{.headers = {kCacheable}, .body = body});
  expect_whole(perform_in_crowd(edge_->client_options(), crowd("/a", 4)), body);
  EXPECT_EQ(origin_.requests("/a"), before + 1);
}

}  // namespace
}  // namespace harness
