// SPDX-License-Identifier: Apache-2.0
#include "edge/node/sweeper.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "edge/node/decoded.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"
#include "store/disk/lmdb_disk.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"
#include "tests/support/wait_until.h"

namespace node {
namespace {

using namespace std::chrono_literals;

/// Remembers what it was told to forget.
class ForgettingStore final : public purge::LedgerStore {
 public:
  void keep(purge::LedgerPlace, std::vector<purge::Ledger::Row>, base::Executor&,
            std::move_only_function<void(base::Status)>) override {}
  void restart(purge::LedgerPlace, base::Executor&, std::move_only_function<void(base::Status)>) override {}
  void forget(purge::Stamp upto, std::shared_ptr<const purge::Ledger::Names> spared) override {
    upto_ = upto;
    spared_ = spared->size();
  }
  std::atomic<purge::Stamp> upto_{0};
  std::atomic<std::size_t> spared_{0};
};

/// Both tiers, real, a ledger and a sweeper that walks whenever there is something new.
class SweeperTest : public testing::Test {
 protected:
  SweeperTest() {
    auto opened =
        store::LmdbDisk::open({.folder = folder / "disk", .budget_bytes = 64ULL << 20}, &decode_object);
    EXPECT_TRUE(opened) << opened.error().text;
    disk = std::move(*opened);
    admission.emplace(*disk, store::Admission::Options{});
    shared.emplace(Shared{.memory = memory,
                          .disk = *disk,
                          .admission = *admission,
                          .fetches = fetches,
                          .pass_marks = marks,
                          .variants = variants,
                          .retry_pauses = marks,
                          .ledger = ledger,
                          .groups = groups,
                          .fill_bytes = fill_bytes});
    ledger.load(1, 0, {});
  }
  ~SweeperTest() override {
    on_home([this] { sweeper.reset(); });
  }

  /// Runs `task` on the sweeper's thread and waits for its end.
  void on_home(const std::function<void()>& task) {
    std::atomic<bool> done{false};
    home.post([&] {
      task();
      done = true;
    });
    ASSERT_TRUE(support::wait_until([&] { return done.load(); }));
  }
  void start() {
    for (const store::Key& key : to_disk)
      ASSERT_TRUE(support::wait_until([&] { return disk->may_have(key); }));
    on_home([this] {
      sweeper.emplace(
          home, *shared, ledger, store,
          [this](std::move_only_function<void(purge::Stamp)> answer) {
            home.post([this, answer = std::move(answer)]() mutable { answer(oldest_fill.load()); });
          },
          Sweeper::Options{.interval = 1ms});
      sweeper->start();
    });
  }
  /// Object `name`, fetched when `at` was the newest purge, into one tier or both.
  void add(const std::string& name, purge::Sequence at, bool in_memory, bool on_disk) {
    policy::StoredResponse response;
    response.site = "s";
    response.host = "a.test";
    response.url = "a.test/" + name;
    response.tags = {"tag-" + name, "all"};
    response.fill_stamp = purge::make_stamp(1, at);
    const auto object = make_object(key_of(name), name, disk->next_id(), std::move(response));
    EXPECT_TRUE(!on_disk || disk->put(object));
    if (in_memory) memory.insert(object);
    if (on_disk) to_disk.push_back(object->key);
  }
  bool is_held(const std::string& name) {
    return memory.find(key_of(name), name) != nullptr || disk->may_have(key_of(name));
  }
  void purge_tag(purge::Sequence number, const std::string& tag, bool soft = false) {
    on_home([&] {
      ledger.apply(number, {.site = "s", .kind = purge::Kind::Tags, .names = {tag}, .soft = soft});
    });
  }
  std::uint64_t walks() {
    std::uint64_t walks = 0;
    on_home([&] { walks = sweeper->counts().walks; });
    return walks;
  }

  std::vector<store::Key> to_disk{};
  support::TempFolder folder;
  support::ThreadExecutor home;
  std::unique_ptr<store::LmdbDisk> disk;
  store::MemoryTier memory{{.budget_bytes = 64ULL << 20}};
  std::optional<store::Admission> admission;
  fetch::FetchTable fetches;
  fetch::PassMarks marks{100};
  VariantLists variants{100};
  purge::Ledger ledger{[](std::string_view, std::string_view url) { return std::string(url); }};
  GroupClock groups{base::Wall{}};
  std::atomic<std::uint64_t> fill_bytes{0};
  std::optional<Shared> shared;
  ForgettingStore store;
  std::atomic<purge::Stamp> oldest_fill{Sweeper::kNone};
  std::optional<Sweeper> sweeper;
};

TEST_F(SweeperTest, FreesWhatIsDeadInBothTiersAndThenForgetsThePurge) {
  add("memory", 0, true, false);
  add("disk", 0, false, true);
  add("both", 0, true, true);
  add("other", 0, true, true);
  add("younger", 1, false, true);
  for (int i = 0; i < 300; ++i) add("many-" + std::to_string(i), 0, i % 2 == 0, i % 2 != 0);
  ledger.apply(1, {.site = "s",
                   .kind = purge::Kind::Tags,
                   .names = {"tag-memory", "tag-disk", "tag-both", "tag-younger"}});
  start();
  EXPECT_TRUE(support::wait_until([&] { return ledger.entries() == 0; }));
  for (const char* dead : {"memory", "disk", "both"}) EXPECT_FALSE(is_held(dead)) << dead;
  EXPECT_TRUE(is_held("other"));
  EXPECT_TRUE(is_held("younger"));
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(is_held("many-" + std::to_string(i)));
  on_home([&] {
    EXPECT_EQ(store.upto_, purge::make_stamp(1, 1));
    EXPECT_EQ(sweeper->counts().removed, 3u);
    EXPECT_EQ(sweeper->counts().dropped, 4u);
    EXPECT_EQ(sweeper->counts().walks, 2u);
  });
}

TEST_F(SweeperTest, APurgeByWhichSomethingIsStaleIsKept) {
  add("stale", 0, false, true);
  ledger.apply(1,
               {.site = "s", .kind = purge::Kind::Tags, .names = {"tag-stale", "tag-nobody"}, .soft = true});
  start();
  EXPECT_TRUE(support::wait_until([&] { return ledger.entries() == 1; }));
  EXPECT_TRUE(is_held("stale"));
  const std::vector<std::string> tags = {"tag-stale"};
  EXPECT_EQ(ledger.verdict({.site = "s", .host = "a.test", .url = "a.test/stale", .tags = tags},
                           purge::make_stamp(1, 0)),
            purge::Verdict::Stale);
  on_home([&] { EXPECT_EQ(store.spared_, 3u); });  // with the site and the URL
}

// What a fill that began before the purge will store, no walk can have seen.
TEST_F(SweeperTest, APurgeIsKeptWhileAnOlderFillIsUnderWay) {
  ledger.apply(1, {.site = "s", .kind = purge::Kind::Tags, .names = {"old"}});
  ledger.apply(2, {.site = "s", .kind = purge::Kind::Tags, .names = {"all"}});
  oldest_fill = purge::make_stamp(1, 1);
  start();
  EXPECT_TRUE(support::wait_until([&] { return ledger.entries() == 1; }));
  const std::uint64_t before = walks();
  EXPECT_TRUE(support::wait_until([&] { return walks() > before + 3; }));
  EXPECT_EQ(ledger.entries(), 1u);
  add("late", 1, true, false);
  oldest_fill = Sweeper::kNone;
  EXPECT_TRUE(support::wait_until([&] { return ledger.entries() == 0; }));
  EXPECT_FALSE(is_held("late"));
}

TEST_F(SweeperTest, OnceAllIsForgottenItRestsUntilTheNextPurge) {
  add("x", 0, true, true);
  ledger.apply(1, {.site = "s", .kind = purge::Kind::Tags, .names = {"nobody"}});
  start();
  EXPECT_TRUE(support::wait_until([&] { return ledger.entries() == 0; }));
  EXPECT_EQ(walks(), 2u);
  purge_tag(2, "all");
  EXPECT_TRUE(support::wait_until([&] { return !is_held("x") && ledger.entries() == 0; }));
  EXPECT_EQ(walks(), 4u);
}

}  // namespace
}  // namespace node
