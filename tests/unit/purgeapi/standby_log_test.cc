// SPDX-License-Identifier: Apache-2.0
// The embedded log as a standby's: what it takes, and its terms.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>

#include "purge/server/journal.h"
#include "purge/server/standby_follower.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"
#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

class StandbyLogTest : public testing::Test {
 protected:
  void open(const std::string& name = "log", bool standby = true) {
    log.reset();
    auto opened = Journal::open({.folder = folder / name, .map_bytes = 64U << 20, .standby = standby});
    ASSERT_TRUE(opened) << opened.error().text;
    log = std::move(*opened);
  }
  template <typename T, typename F>
  T wait_for(F call) {
    auto answer = std::make_shared<std::promise<T>>();
    auto future = answer->get_future();
    call([answer](T got) { answer->set_value(std::move(got)); });
    return future.get();
  }
  base::Status adopt(const std::string& id, Sequence whole_at) {
    return wait_for<base::Status>([&](auto done) { log->adopt(id, whole_at, home, std::move(done)); });
  }
  base::Status take(Sequence sequence, Sequence after = 0) {
    JournalEntry entry{.sequence = sequence, .at_ms = 1, .purge = after != 0 ? "" : "{}", .after = after};
    return wait_for<base::Status>([&](auto done) { log->replicate({entry}, home, std::move(done)); });
  }
  base::Result<std::uint64_t> promote() {
    return wait_for<base::Result<std::uint64_t>>([&](auto done) { log->promote(7, home, std::move(done)); });
  }
  base::Result<std::vector<Sequence>> append() {
    return wait_for<base::Result<std::vector<Sequence>>>(
        [&](auto done) { log->append({.at_ms = 1, .purges = {"{}"}}, home, std::move(done)); });
  }
  base::Result<std::vector<JournalEntry>> read(Sequence from) {
    return wait_for<base::Result<std::vector<JournalEntry>>>(
        [&](auto done) { log->read(from, 1U << 20, home, std::move(done)); });
  }

  const support::TempFolder folder;
  support::ThreadExecutor home;
  std::unique_ptr<Journal> log{};
};

TEST_F(StandbyLogTest, TakesEntriesInOrderOnlyAndGivesNoNumbers) {
  open();
  EXPECT_EQ(log->log_id(), "");
  ASSERT_TRUE(adopt("L", 0));
  EXPECT_EQ(log->log_id(), "L");
  EXPECT_TRUE(take(5)) << "the first may have any number";
  EXPECT_TRUE(take(6));
  EXPECT_TRUE(take(6)) << "what it has is passed over";
  EXPECT_FALSE(take(8));
  EXPECT_EQ(log->bounds().oldest, 5u);
  EXPECT_EQ(log->bounds().head, 6u);
  const auto refused = append();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::Denied);
}

TEST_F(StandbyLogTest, ItsTermsNumbersAreAboveAllThatTheOldPrimaryMayHaveGiven) {
  open();
  ASSERT_TRUE(adopt("L", 0));
  for (Sequence n = 1; n <= 3; ++n) ASSERT_TRUE(take(n));
  ASSERT_EQ(*promote(), 2u);
  ASSERT_EQ(*promote(), 2u) << "again: the same term";
  const Sequence begin = begin_of(2);
  EXPECT_EQ(begin, (Sequence{1} << 32) + 1);
  EXPECT_EQ(log->bounds().head, begin);
  EXPECT_EQ(append()->back(), begin + 1);
  open();  // it stays the primary, also with the standby's configuration
  EXPECT_EQ(log->leadership().role, LogRole::Primary);
  EXPECT_EQ(append()->back(), begin + 2);
  const auto all = read(2);
  ASSERT_TRUE(all) << all.error().text;
  ASSERT_EQ(all->size(), 5u);
  EXPECT_EQ((*all)[2].sequence, begin);
  EXPECT_EQ((*all)[2].after, 3u);
  // Who has read more of the old term than this log has goes on at the new term.
  const auto ahead = read(10);
  ASSERT_TRUE(ahead) << ahead.error().text;
  EXPECT_EQ(ahead->front().sequence, begin);
}

TEST_F(StandbyLogTest, IsNotPromotedBeforeItHasTheWholeLog) {
  open();
  EXPECT_FALSE(promote()) << "it never had a primary";
  ASSERT_TRUE(adopt("L", 2));
  ASSERT_TRUE(take(1));
  EXPECT_EQ(promote().error().code, base::Errc::Denied);
  open();
  EXPECT_EQ(promote().error().code, base::Errc::Denied);
  ASSERT_TRUE(take(2));
  EXPECT_TRUE(promote());
}

TEST_F(StandbyLogTest, TakesAPrimarysLaterTermAndPromotesAboveIt) {
  open();
  ASSERT_TRUE(adopt("L", 0));
  ASSERT_TRUE(take(1));
  ASSERT_TRUE(take(begin_of(4), 1));
  EXPECT_EQ(log->leadership().term, 4u);
  EXPECT_EQ(*promote(), 5u);
}

TEST_F(StandbyLogTest, ASupersededLogTakesNothingAlsoAfterARestart) {
  open("log", false);
  ASSERT_TRUE(append());
  const auto supersede = [&](std::uint64_t term) {
    return wait_for<base::Status>([&](auto done) { log->supersede(term, home, std::move(done)); });
  };
  ASSERT_TRUE(supersede(1));
  EXPECT_EQ(log->leadership().role, LogRole::Primary) << "that is its own term";
  ASSERT_TRUE(supersede(2));
  EXPECT_FALSE(append());
  open("log", false);
  EXPECT_EQ(log->leadership().role, LogRole::Superseded);
  EXPECT_FALSE(append());
  EXPECT_FALSE(promote());
}

TEST_F(StandbyLogTest, AFolderThatWasNeverAStandbysIsRefused) {
  open("log", false);
  log.reset();
  const auto opened = Journal::open({.folder = folder / "log", .map_bytes = 64U << 20, .standby = true});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("[standby] of"), std::string::npos) << opened.error().text;
}

// A real primary, and a standby that follows it.
class StandbyFollowTest : public StandbyLogTest {
 protected:
  void start() {
    primary = std::make_unique<RunningService>(
        folder.path(), "[[token]]\nname = \"standby\"\nsha256 = \"" + base::hex(sha256("standby")) +
                           "\"\nroles = [\"standby\"]\nsites = [\"*\"]\n");
  }
  // Follows until it has the entry `head` and its purge is `tag`'s.
  void follow_to(Sequence head, const std::string& tag) {
    open("standby");
    loop::Worker worker("standby");
    std::unique_ptr<http::Client> client;
    std::unique_ptr<StandbyFollower> follower;
    worker.start(
        [&] {
          client = std::make_unique<http::Client>(worker.loop(), http::ClientLimits{});
          follower = std::make_unique<StandbyFollower>(
              worker.loop(), *client, *log,
              StandbyFollower::Options{.url = primary->url(""),
                                       .token = "standby",
                                       .server = std::make_shared<http::ServerOptions>()},
              [](const std::string&, const KnownNode*) {});
          follower->start();
        },
        [&] {
          follower.reset();
          client.reset();
        });
    EXPECT_TRUE(support::wait_until([&] {
      if (log->bounds().head != head) return false;
      const auto entries = read(head);
      return entries && !entries->empty() && entries->back().purge.find(tag) != std::string::npos;
    })) << log->bounds().head;
    worker.stop();
    worker.join();
    log.reset();  // it answers to the follower's loop, also what nobody waits for any more
    open("standby");
  }
  void purge(const std::string& tag) { ASSERT_EQ(primary->purge("", tag).status, 202); }

  std::unique_ptr<RunningService> primary{};
};

TEST_F(StandbyFollowTest, BeginsAnewWhenThePrimaryGaveNumbersAgain) {
  start();
  purge("old1");
  follow_to(1, "old1");
  primary.reset();
  std::filesystem::copy(folder / "log", folder / "saved");
  start();
  for (const char* tag : {"old2", "old3"}) purge(tag);
  follow_to(3, "old3");
  follow_to(3, "old3");
  primary.reset();
  std::filesystem::remove_all(folder / "log");
  std::filesystem::copy(folder / "saved", folder / "log");
  start();
  for (const char* tag : {"new2", "new3", "new4"}) purge(tag);
  follow_to(4, "new4");
  const auto all = read(1);
  ASSERT_TRUE(all) << all.error().text;
  ASSERT_EQ(all->size(), 4u);
  EXPECT_NE((*all)[0].purge.find("old1"), std::string::npos);
  EXPECT_NE((*all)[1].purge.find("new2"), std::string::npos);
  EXPECT_NE((*all)[2].purge.find("new3"), std::string::npos);
}

}  // namespace
}  // namespace purgeapi
