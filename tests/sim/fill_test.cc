// SPDX-License-Identifier: Apache-2.0
// A fill with its origin, its disk and its reader in the hands of the test: how much of a body it holds while
// the disk or the reader is slower than the origin, and what it asks the origin for.
#include <gtest/gtest.h>

#include "edge/node/config.h"
#include "edge/node/context.h"
#include "edge/node/decoded.h"
#include "edge/node/fills.h"
#include "tests/sim/sim_disk.h"
#include "tests/support/manual_executor.h"

namespace sim {
namespace {

using base::kChunkBytes;

constexpr std::uint64_t kFillWindow = 512 << 10;
constexpr std::uint64_t kFillTotal = 2 << 20;
constexpr std::uint64_t kPassWindow = 256 << 10;
constexpr std::size_t kPiece = 16 << 10;

/// An origin that sends as much as it is let.
class EagerOrigin final : public http::ExchangeMaker {
 public:
  class Exchange final : public http::Exchange {
   public:
    explicit Exchange(bool& paused) : paused_(paused) {}
    void resume() override { paused_ = false; }
    void body_ready() override {}
    void set_pass(bool) override {}

   private:
    bool& paused_;
  };

  std::unique_ptr<http::Exchange> start(http::ClientRequest request,
                                        http::ExchangeListener& listener) override {
    asked_with = request.fields;
    listener_ = &listener;
    paused_ = false;
    return std::make_unique<Exchange>(paused_);
  }
  void begin(const std::string& cache_control) {
    http::ResponseHead head{.status = 200};
    head.fields.add("cache-control", cache_control);
    listener_->on_head(std::move(head));
  }
  /// Sends pieces until it is paused or has sent `most`.
  void send(std::uint64_t most) {
    const std::string piece(kPiece, 'x');
    for (std::uint64_t sent = 0; sent < most && !paused_; sent += kPiece)
      paused_ = listener_->on_data(piece) == http::Flow::Pause;
  }
  bool paused() const { return paused_; }

  http::Fields asked_with{};  ///< the last request's

 private:
  http::ExchangeListener* listener_ = nullptr;
  bool paused_ = false;
};

/// The disk writes when `disk_loop` is run: not at all, if a test leaves it.
class FillTest : public testing::Test {
 protected:
  FillTest() {
    auto origin = std::make_shared<node::Origin>();
    origin->url = "http://origin.test";
    site_->name = "s";
    site_->origin = origin;
    config_->fetch.fill_window_bytes = kFillWindow;
    config_->fetch.fill_total_bytes = kFillTotal;
    config_->fetch.pass_window_bytes = kPassWindow;
  }

  /// A fill of its own for one more path, with a reader that has read nothing yet.
  struct Running {
    explicit Running(FillTest& test, unsigned number, store::ObjectRef stored = {})
        : context{test.shared_, test.loop_, origin, fills, counters, test.config_}, fills(context) {
      fetch = std::make_shared<fetch::Fetch>(store::Key{number, number}, "text", 0);
      reader = std::make_unique<fetch::Fetch::Reader>(fetch, wakeup.sender());
      node::FillOrder order{.site = test.site_.get(), .config = test.config_};
      order.request.method = "GET";
      order.request.target = "/" + std::to_string(number);
      order.base_key = fetch->key();
      order.validate = stored != nullptr;
      order.stored = std::move(stored);
      fills.start(fetch, std::move(order));
    }
    support::ManualClock clock{};
    support::ManualExecutor reading{clock};
    base::Wakeup wakeup{reading, [] {}};
    EagerOrigin origin{};
    node::LoopCounters counters{};
    node::Context context;
    node::Fills fills;
    std::shared_ptr<fetch::Fetch> fetch{};
    std::unique_ptr<fetch::Fetch::Reader> reader{};
  };

  support::ManualClock clock_{};
  support::ManualExecutor loop_{clock_};
  base::Random random_{1};
  Platter platter_{};
  SimDisk disk_{platter_, random_, &node::decode_object, {}};
  store::Admission admission_{disk_, {}};
  store::MemoryTier memory_{{.budget_bytes = 8 << 20}};
  std::atomic<std::uint64_t> fill_bytes_{0};
  fetch::FetchTable fetches_{};
  fetch::PassMarks marks_{100};
  node::VariantLists variants_{100};
  fetch::PassMarks pauses_{100};
  purge::Ledger ledger_{[](std::string_view, std::string_view url) { return std::string(url); }};
  node::GroupClock groups_{base::Wall::min()};
  node::Shared shared_{.memory = memory_,
                       .disk = disk_,
                       .admission = admission_,
                       .fetches = fetches_,
                       .pass_marks = marks_,
                       .variants = variants_,
                       .retry_pauses = pauses_,
                       .ledger = ledger_,
                       .groups = groups_,
                       .fill_bytes = fill_bytes_,
                       .distrust = [] { return false; }};
  std::shared_ptr<node::Site> site_ = std::make_shared<node::Site>();
  std::shared_ptr<node::Config> config_ = std::make_shared<node::Config>();
};

using FillWindow = FillTest;

TEST_F(FillWindow, OfABodyThatIsKeptIsBoundedByPausingTheOriginUntilTheDiskHasCaughtUp) {
  Running fill(*this, 1);
  fill.origin.begin("max-age=60");
  fill.origin.send(3 << 20);
  EXPECT_TRUE(fill.origin.paused());
  EXPECT_GT(fill.fetch->window_bytes(), kFillWindow / 2);
  EXPECT_LE(fill.fetch->window_bytes(), kFillWindow + kPiece);
  EXPECT_EQ(fill_bytes_, fill.fetch->window_bytes());
  loop_.run_all();
  EXPECT_FALSE(fill.origin.paused()) << "though nobody has read: nobody is waited for";
  EXPECT_LT(fill.fetch->window_bytes(), kChunkBytes);
}

TEST_F(FillWindow, OfABodyThatIsNotKeptIsBoundedByPausingTheOriginUntilItsReaderHasRead) {
  Running fill(*this, 1);
  fill.origin.begin("no-store");
  fill.origin.send(3 << 20);
  EXPECT_TRUE(fill.origin.paused());
  EXPECT_GT(fill.fetch->window_bytes(), kPassWindow / 2);
  EXPECT_LE(fill.fetch->window_bytes(), kPassWindow + kPiece);
  loop_.run_all();
  EXPECT_TRUE(fill.origin.paused());
  fill.reader->advance(kPassWindow);
  loop_.run_all();
  EXPECT_FALSE(fill.origin.paused());
  EXPECT_LE(fill.fetch->window_bytes(), 2 * kChunkBytes);
}

TEST_F(FillWindow, OfAllFillsTogetherIsBounded) {
  constexpr unsigned kFills = 12;
  std::vector<std::unique_ptr<Running>> fills;
  for (unsigned i = 1; i <= kFills; ++i) {
    fills.push_back(std::make_unique<Running>(*this, i));
    fills.back()->origin.begin(i % 3 == 0 ? "no-store" : "max-age=60");
    fills.back()->origin.send(3 << 20);
    EXPECT_TRUE(fills.back()->origin.paused());
  }
  // Past the bound each may go on as far as it needs to, lest all stand still.
  EXPECT_LE(fill_bytes_, kFillTotal + kFillWindow + kFills * (2 * kChunkBytes + kPiece));
  fills.clear();
  EXPECT_EQ(fill_bytes_, 0U);
}

// What is kept in one piece has nothing on its way that would wake a fill that is paused.
TEST_F(FillWindow, IsNeverTooSmallForABodyInOnePiece) {
  config_->fetch.fill_total_bytes = 1;
  Running fill(*this, 1);
  fill.origin.begin("max-age=60");
  fill.origin.send(kChunkBytes);
  EXPECT_FALSE(fill.origin.paused());
}

// Otherwise a 304 would make it newer than the purge.
TEST_F(FillTest, DoesNotAskWhetherACopyIsStillValidThatWasPurgedSinceItWasLookedUp) {
  policy::StoredResponse response;
  response.site = "s";
  response.host = "a.test";
  response.url = "a.test/1";
  response.fields.add("etag", "\"v1\"");
  const store::ObjectRef copy = node::make_object({1, 1}, "text", 1, response);
  const Running before(*this, 1, copy);
  EXPECT_EQ(before.origin.asked_with.get("if-none-match"), "\"v1\"");
  ledger_.apply(1, {.site = "s", .kind = purge::Kind::Urls, .names = {"a.test/1"}});
  const Running after(*this, 1, copy);
  EXPECT_FALSE(after.origin.asked_with.has("if-none-match"));
}

}  // namespace
}  // namespace sim
