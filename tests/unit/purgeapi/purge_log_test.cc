// SPDX-License-Identifier: Apache-2.0
// What every engine of the purge log does: each test runs on LMDB and on a real nats-server with JetStream.
#include "purge/server/purge_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "purge/server/journal.h"
#include "purge/server/nats_log.h"
#include "tests/support/nats_server.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"
#include "tests/support/wait_until.h"
#include "tests/unit/purgeapi/ears.h"

namespace purgeapi {
namespace {

using namespace std::chrono_literals;
using Numbers = base::Result<std::vector<Sequence>>;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Settings {
  std::uint64_t keep_entries = 1'000'000;
  std::chrono::milliseconds key_window{600'000};
};

enum class Kind : std::uint8_t { Lmdb, Nats };

class PurgeLogTest : public testing::TestWithParam<Kind> {
 protected:
  PurgeLogTest() {
    if (on_nats()) {
      EXPECT_TRUE(server.start()) << server.output();
    }
  }
  bool on_nats() const { return GetParam() == Kind::Nats; }

  NatsLog::Options nats_options(const Settings& settings = {}) const {
    NatsLog::Options options{.access = {.servers = {server.url()}, .timeout = 30s}, .publish_limit = 1min};
    options.stream.entries_max = settings.keep_entries;
    options.stream.duplicate_window = settings.key_window;
    return options;
  }
  std::unique_ptr<PurgeLog> open(const Settings& settings = {}) {
    if (on_nats()) {
      auto opened = NatsLog::open(nats_options(settings));
      EXPECT_TRUE(opened) << opened.error().text << server.output();
      return opened ? std::move(*opened) : nullptr;
    }
    auto opened = Journal::open({.folder = folder / "log",
                                 .keep_entries = settings.keep_entries,
                                 .map_bytes = 64U << 20,
                                 .key_window = settings.key_window});
    EXPECT_TRUE(opened) << opened.error().text;
    return opened ? std::move(*opened) : nullptr;
  }
  // What the log is kept by ends at once and comes back.
  void crash() {
    if (!on_nats()) return;
    server.kill();
    ASSERT_TRUE(server.start()) << server.output();
  }
  void lose() {
    if (!on_nats()) return void(std::filesystem::remove_all(folder / "log"));
    server.kill();
    server.wipe();
    ASSERT_TRUE(server.start()) << server.output();
  }

  Numbers append(PurgeLog& log, std::vector<std::string> purges, const std::string& key = "",
                 const std::string& digest = "") {
    auto answer = std::make_shared<std::promise<Numbers>>();
    auto future = answer->get_future();
    log.append({.at_ms = now_ms(),
                .purges = std::move(purges),
                .asker = {.by = "deploy"},
                .request_key = key,
                .digest = digest},
               home, [answer](Numbers got) { answer->set_value(std::move(got)); });
    if (future.wait_for(90s) != std::future_status::ready)
      return base::fail(base::Errc::Timeout, "no answer");
    return future.get();
  }
  base::Result<std::vector<JournalEntry>> read(PurgeLog& log, Sequence from,
                                               std::size_t max_bytes = 1U << 20) {
    auto answer = std::make_shared<std::promise<base::Result<std::vector<JournalEntry>>>>();
    auto future = answer->get_future();
    log.read(from, max_bytes, home, [answer](auto got) { answer->set_value(std::move(got)); });
    if (future.wait_for(60s) != std::future_status::ready)
      return base::fail(base::Errc::Timeout, "no answer");
    return future.get();
  }
  // All of it, as a follower would.
  std::vector<JournalEntry> read_all(PurgeLog& log, Sequence from = 1) {
    std::vector<JournalEntry> all;
    while (from <= log.bounds().head) {
      const auto some = read(log, from);
      if (!some || some->empty()) {
        ADD_FAILURE() << from << ' ' << (some ? "nothing" : some.error().text);
        break;
      }
      all.insert(all.end(), some->begin(), some->end());
      from = all.back().sequence + 1;
    }
    return all;
  }
  static std::string purge(int n) { return R"({"site":"www","tags":["t)" + std::to_string(n) + "\"]}"; }

  const support::TempFolder folder;
  support::NatsServer server{folder / "nats"};
  Ears heard;  // these outlive what is posted to `home`
  Ears late;
  support::ThreadExecutor home;
};

TEST_P(PurgeLogTest, NumbersWithoutGapsAndReadsBackInOrder) {
  const auto log = open();
  EXPECT_EQ(log->bounds().oldest, 1u);
  EXPECT_EQ(log->bounds().head, 0u);
  for (int n = 1; n <= 20; ++n) {
    const auto got = append(*log, {purge(n)});
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(*got, std::vector<Sequence>{static_cast<Sequence>(n)});
    EXPECT_EQ(log->bounds().head, static_cast<Sequence>(n));
  }
  const auto entries = read(*log, 5);
  ASSERT_TRUE(entries) << entries.error().text;
  ASSERT_EQ(entries->size(), 16u);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const JournalEntry& entry = (*entries)[i];
    EXPECT_EQ(entry.sequence, i + 5);
    EXPECT_EQ(entry.purge, purge(static_cast<int>(i) + 5));
    EXPECT_NEAR(static_cast<double>(entry.at_ms), static_cast<double>(now_ms()), 60'000);
    EXPECT_EQ(entry.asker.by, "deploy");
  }
  EXPECT_TRUE(read(*log, 21)->empty());
}

TEST_P(PurgeLogTest, ReadsAtMostTheBytesAskedForButOneEntryAtLeast) {
  const auto log = open();
  for (int n = 0; n < 10; ++n) ASSERT_TRUE(append(*log, {purge(n)}));
  EXPECT_EQ(read(*log, 1, 1)->size(), 1u);
  EXPECT_EQ(read(*log, 1, 2 * purge(0).size() + 1)->size(), 3u);
}

TEST_P(PurgeLogTest, ABatchGetsANumberForEach) {
  const auto log = open();
  ASSERT_TRUE(append(*log, {purge(0)}));
  const auto got = append(*log, {purge(1), purge(2), purge(3)});
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(*got, (std::vector<Sequence>{2, 3, 4}));
  const auto entries = read_all(*log, 2);
  ASSERT_EQ(entries.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(entries[static_cast<std::size_t>(i)].purge, purge(i + 1));
}

TEST_P(PurgeLogTest, TheSameKeyGivesTheSameNumbersAgain) {
  const auto log = open();
  const auto first = append(*log, {purge(1), purge(2)}, "key", "body");
  ASSERT_TRUE(first) << first.error().text;
  ASSERT_TRUE(append(*log, {purge(9)}));
  const auto again = append(*log, {purge(1), purge(2)}, "key", "body");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(log->bounds().head, 3u);
  EXPECT_EQ(*append(*log, {purge(1), purge(2)}, "other", "body"), (std::vector<Sequence>{4, 5}));
}

TEST_P(PurgeLogTest, TheSameKeyWithAnotherBodyIsRefused) {
  const auto log = open();
  ASSERT_TRUE(append(*log, {purge(1)}, "key", "body"));
  const auto other = append(*log, {purge(2)}, "key", "another body");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, base::Errc::Exists);
  EXPECT_EQ(log->bounds().head, 1u);
}

TEST_P(PurgeLogTest, AKeyIsRememberedOverACrash) {
  std::vector<Sequence> first;
  {
    const auto log = open();
    ASSERT_TRUE(append(*log, {purge(0)}));
    first = *append(*log, {purge(1)}, "key", "body");
  }
  crash();
  const auto log = open();
  const auto again = append(*log, {purge(1)}, "key", "body");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(*again, first);
  EXPECT_EQ(log->bounds().head, 2u);
}

TEST_P(PurgeLogTest, AKeyIsForgottenAfterItsTime) {
  const auto log = open({.key_window = 300ms});
  const auto first = append(*log, {purge(1)}, "key", "body");
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_TRUE(support::wait_until([&] {
    const auto again = append(*log, {purge(1)}, "key", "body");
    return again && *again != *first;
  }));
}

TEST_P(PurgeLogTest, GoesOnAfterACrashUnderTheSameId) {
  std::string id;
  {
    const auto log = open();
    id = log->log_id();
    EXPECT_FALSE(id.empty());
    for (int n = 1; n <= 5; ++n) ASSERT_TRUE(append(*log, {purge(n)}));
  }
  crash();
  const auto log = open();
  EXPECT_EQ(log->log_id(), id);
  EXPECT_EQ(log->bounds().oldest, 1u);
  EXPECT_EQ(log->bounds().head, 5u);
  EXPECT_EQ(read_all(*log).size(), 5u);
  EXPECT_EQ(append(*log, {purge(6)})->back(), 6u);
}

TEST_P(PurgeLogTest, ALogThatIsMadeAnewIsAnother) {
  std::string id;
  {
    const auto log = open();
    id = log->log_id();
    ASSERT_TRUE(append(*log, {purge(1)}));
  }
  lose();
  const auto log = open();
  EXPECT_NE(log->log_id(), id);
  EXPECT_EQ(log->bounds().head, 0u);
}

TEST_P(PurgeLogTest, ForgetsWhatIsTooOldAndNeverGivesANumberAgain) {
  {
    const auto log = open({.keep_entries = 3});
    for (int n = 1; n <= 10; ++n) ASSERT_TRUE(append(*log, {purge(n)}));
    EXPECT_TRUE(support::wait_until([&] { return log->bounds().oldest == 8; })) << log->bounds().oldest;
    const auto old = read(*log, 7);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code, base::Errc::NotFound);
    EXPECT_EQ(read_all(*log, 8).size(), 3u);
  }
  crash();
  const auto log = open({.keep_entries = 3});
  EXPECT_EQ(log->bounds().oldest, 8u);
  EXPECT_EQ(append(*log, {purge(11)})->back(), 11u);
}

TEST_P(PurgeLogTest, ManyAtOnceGetNumbersOfTheirOwnAndAllAreThere) {
  const auto log = open();
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  std::mutex mutex;
  std::map<Sequence, std::string> answered;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::future<Numbers>> waiting;
      for (int n = 0; n < kEach; ++n) {
        auto answer = std::make_shared<std::promise<Numbers>>();
        waiting.push_back(answer->get_future());
        log->append({.at_ms = now_ms(), .purges = {purge(t * kEach + n)}}, home,
                    [answer](Numbers got) { answer->set_value(std::move(got)); });
      }
      for (int n = 0; n < kEach; ++n) {
        const Numbers got = waiting[static_cast<std::size_t>(n)].get();
        ASSERT_TRUE(got) << got.error().text;
        const std::scoped_lock lock(mutex);
        EXPECT_TRUE(answered.emplace(got->back(), purge(t * kEach + n)).second) << got->back();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(answered.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(log->bounds().head, answered.rbegin()->first);
  for (const JournalEntry& entry : read_all(*log)) EXPECT_EQ(answered[entry.sequence], entry.purge);
}

TEST_P(PurgeLogTest, TellsThatTheHeadHasMovedBeforeItAnswers) {
  const auto log = open();
  log->listen(home, &heard);
  for (int n = 1; n <= 5; ++n) {
    ASSERT_TRUE(append(*log, {purge(n)}));
    EXPECT_EQ(heard.head(), static_cast<Sequence>(n));
  }
}

TEST_P(PurgeLogTest, RemembersNodesUntilTheyAreForgotten) {
  {
    const auto log = open();
    EXPECT_TRUE(log->nodes().empty());
    EXPECT_TRUE(log->keep_node({.name = "a.1", .applied = 1, .heard_ms = 1700}));
    EXPECT_TRUE(log->keep_node({.name = "b"}));
    EXPECT_TRUE(log->keep_node({.name = "a.1", .applied = 2, .heard_ms = 1800}));
    EXPECT_TRUE(log->forget_node("b"));
    for (int i : {1, 2}) ASSERT_TRUE(append(*log, {purge(i)}));  // come after them
  }
  crash();
  const auto log = open();
  ASSERT_EQ(log->nodes().size(), 1u);
  EXPECT_EQ(log->nodes()[0].name, "a.1");
  EXPECT_EQ(log->nodes()[0].applied, 2u);
  EXPECT_EQ(log->nodes()[0].heard_ms, 1800);
}

INSTANTIATE_TEST_SUITE_P(Engines, PurgeLogTest, testing::Values(Kind::Lmdb, Kind::Nats), [](const auto& one) {
  return std::string(one.param == Kind::Lmdb ? "Lmdb" : "Nats");
});

// What only an engine with several processes can do.
class NatsLogTest : public PurgeLogTest {};

TEST_P(NatsLogTest, ANodesNumberPastTheHeadIsOfEntriesThatAreLost) {
  {
    const auto log = open();
    EXPECT_TRUE(log->keep_node({.name = "one", .applied = 7, .heard_ms = 1700}));
    ASSERT_TRUE(append(*log, {purge(1)}));  // comes after it
  }
  const auto log = open();
  ASSERT_EQ(log->nodes().size(), 1u);
  EXPECT_EQ(log->nodes()[0].applied, 0u);
}

TEST_P(NatsLogTest, TheHeadMovesThroughWhateverReplica) {
  const auto one = open();
  const auto two = open();
  two->listen(home, &heard);
  EXPECT_EQ(one->log_id(), two->log_id());
  for (Sequence n = 1; n <= 20; ++n) {
    EXPECT_EQ(append(n % 2 == 0 ? *one : *two, {purge(static_cast<int>(n))})->back(), n);
  }
  ASSERT_TRUE(support::wait_until([&] { return heard.head() == 20 && one->bounds().head == 20; }));
  for (PurgeLog* log : {one.get(), two.get()}) {
    const auto all = read_all(*log);
    ASSERT_EQ(all.size(), 20u);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].purge, purge(static_cast<int>(i) + 1));
  }
}

TEST_P(NatsLogTest, AKeyCountsForAllReplicas) {
  const auto one = open();
  const auto two = open();
  const auto first = append(*one, {purge(1), purge(2)}, "key", "body");
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(*append(*two, {purge(1), purge(2)}, "key", "body"), *first);
  EXPECT_EQ(append(*two, {purge(3)}, "key", "other").error().code, base::Errc::Exists);
}

TEST_P(NatsLogTest, AKeyThatComesAgainLeavesTheEntryAsItWas) {
  const auto one = open();
  ASSERT_TRUE(append(*one, {purge(1), purge(2)}, "key", "body"));
  const std::int64_t then = now_ms();
  ASSERT_TRUE(support::wait_until([&] { return now_ms() > then; }));
  const auto two = open();  // it has not heard the entries
  ASSERT_TRUE(append(*two, {purge(1), purge(2)}, "key", "body"));
  const auto first = read_all(*one);
  const auto second = read_all(*two);
  ASSERT_EQ(first.size(), 2u);
  ASSERT_EQ(second.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(first[i].at_ms, second[i].at_ms) << i;
}

TEST_P(NatsLogTest, ReplicasTellEachOtherOfNodesAndWhoComesLateHearsThem) {
  const auto one = open();
  const auto two = open();
  two->listen(home, &heard);
  one->tell({.name = "edge-1", .applied = 7});
  EXPECT_TRUE(support::wait_until([&] { return heard.has(NodeWord::Kind::Applied, "edge-1", 7); }));
  const auto three = open();
  three->listen(home, &late);
  server.kill();  // all three come back, and say hello
  one->tell({.name = "edge-1", .applied = 8});
  ASSERT_TRUE(server.start());
  // Only those that are back can hear what was told while nobody heard.
  EXPECT_TRUE(support::wait_until([&] { return late.has(NodeWord::Kind::Applied, "edge-1", 8); }));
  one->tell({.kind = NodeWord::Kind::Left, .name = "edge-1"});
  EXPECT_TRUE(support::wait_until([&] { return late.has(NodeWord::Kind::Left, "edge-1", 0); }));
}

TEST_P(NatsLogTest, APurgeIsAnsweredOnceTheServerIsBack) {
  const auto log = open();
  ASSERT_TRUE(append(*log, {purge(1)}));
  server.kill();
  Numbers got = base::fail(base::Errc::Invalid, "");
  std::thread asking([&] { got = append(*log, {purge(2)}, "key", "body"); });
  EXPECT_TRUE(server.start());
  asking.join();
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(got->back(), 2u);
}

TEST_P(NatsLogTest, APurgeThatNobodyStoresIsRefusedInTime) {
  NatsLog::Options options = nats_options();
  options.publish_limit = 300ms;
  const auto log = std::move(*NatsLog::open(options));
  server.kill();
  const auto got = append(*log, {purge(1)});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, base::Errc::Unavailable);
}

TEST_P(NatsLogTest, WhoHasItOpenHearsThatItIsAnotherLog) {
  const auto log = open();
  log->listen(home, &heard);
  const std::string id = log->log_id();
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(append(*log, {purge(n)}));
  lose();
  EXPECT_TRUE(support::wait_until([&] { return heard.changes() != 0; }));
  EXPECT_NE(log->log_id(), id);
  EXPECT_EQ(log->bounds().head, 0u);
  EXPECT_EQ(append(*log, {purge(9)})->back(), 1u);
}

TEST_P(NatsLogTest, NoStreamWithinTheTimeIsAnErrorThatNamesIt) {
  server.kill();
  NatsLog::Options options = nats_options();
  options.open_limit = 300ms;
  const auto log = NatsLog::open(options);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().text.find(options.stream.name), std::string::npos) << log.error().text;
}

INSTANTIATE_TEST_SUITE_P(Nats, NatsLogTest, testing::Values(Kind::Nats), [](const auto&) { return "Nats"; });

}  // namespace
}  // namespace purgeapi
