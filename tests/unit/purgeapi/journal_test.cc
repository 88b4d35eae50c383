// SPDX-License-Identifier: Apache-2.0
#include "purge/server/journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"

namespace purgeapi {
namespace {

constexpr std::uint64_t kMap = 64U << 20;

std::unique_ptr<Journal> open(Journal::Options options) {
  options.map_bytes = kMap;
  auto opened = Journal::open(options);
  EXPECT_TRUE(opened) << opened.error().text;
  return opened ? std::move(*opened) : nullptr;
}

base::Result<Sequence> append(Journal& journal, base::Executor& home, const std::string& purge) {
  auto answer = std::make_shared<std::promise<base::Result<Sequence>>>();
  auto future = answer->get_future();
  journal.append({.at_ms = 1700, .purges = {purge}}, home, [answer](base::Result<std::vector<Sequence>> got) {
    if (got) return answer->set_value(got->back());
    answer->set_value(std::unexpected(got.error()));
  });
  return future.get();
}

base::Result<std::vector<JournalEntry>> read(Journal& journal, base::Executor& home, Sequence from,
                                             std::size_t max_bytes = 1U << 20) {
  auto answer = std::make_shared<std::promise<base::Result<std::vector<JournalEntry>>>>();
  auto future = answer->get_future();
  journal.read(from, max_bytes, home, [answer](auto got) { answer->set_value(std::move(got)); });
  return future.get();
}

TEST(JournalTest, NumbersFromOneWithoutGapsAndReadsBackInOrder) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  const auto journal = open({.folder = folder / "log"});
  EXPECT_EQ(journal->bounds().oldest, 1u);
  EXPECT_EQ(journal->bounds().head, 0u);
  for (Sequence n = 1; n <= 20; ++n)
    EXPECT_EQ(*append(*journal, home, "{\"n\":" + std::to_string(n) + "}"), n);
  const auto entries = read(*journal, home, 5);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 16u);
  for (std::size_t i = 0; i < entries->size(); ++i) {
    EXPECT_EQ((*entries)[i].sequence, i + 5);
    EXPECT_EQ((*entries)[i].purge, "{\"n\":" + std::to_string(i + 5) + "}");
    EXPECT_EQ((*entries)[i].at_ms, 1700);
  }
  EXPECT_TRUE(read(*journal, home, 21)->empty());
}

TEST(JournalTest, ReadsAtMostTheBytesAskedForButOneEntryAtLeast) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  const auto journal = open({.folder = folder / "log"});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*journal, home, std::string(100, 'x')));
  EXPECT_EQ(read(*journal, home, 1, 1)->size(), 1u);
  EXPECT_EQ(read(*journal, home, 1, 250)->size(), 3u);
}

TEST(JournalTest, GoesOnAfterReopeningUnderTheSameId) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  std::string id;
  {
    const auto journal = open({.folder = folder / "log"});
    id = journal->log_id();
    EXPECT_EQ(id.size(), 32u);
    ASSERT_TRUE(append(*journal, home, "{}"));
  }
  const auto journal = open({.folder = folder / "log"});
  EXPECT_EQ(journal->log_id(), id);
  EXPECT_EQ(*append(*journal, home, "{}"), 2u);
  EXPECT_NE(open({.folder = folder / "other"})->log_id(), id);
}

TEST(JournalTest, ForgetsWhatIsTooOldAndNeverGivesANumberAgain) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  {
    const auto journal = open({.folder = folder / "log", .keep_entries = 3});
    for (Sequence n = 1; n <= 10; ++n) ASSERT_TRUE(append(*journal, home, "{}"));
    EXPECT_EQ(journal->bounds().oldest, 8u);
    EXPECT_EQ(journal->bounds().head, 10u);
    const auto old = read(*journal, home, 7);
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code, base::Errc::NotFound);
    EXPECT_EQ(read(*journal, home, 8)->size(), 3u);
  }
  const auto journal = open({.folder = folder / "log", .keep_entries = 3});
  EXPECT_EQ(journal->bounds().oldest, 8u);
  EXPECT_EQ(*append(*journal, home, "{}"), 11u);
}

TEST(JournalTest, ASmallerBoundIsReachedInSteps) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  {
    const auto journal = open({.folder = folder / "log"});
    std::atomic<int> answered{0};
    for (int i = 0; i < 3000; ++i) journal->append({.purges = {"{}"}}, home, [&](auto) { ++answered; });
    while (answered < 3000) std::this_thread::yield();
  }
  const auto journal = open({.folder = folder / "log", .keep_entries = 10});
  ASSERT_TRUE(append(*journal, home, "{}"));
  EXPECT_EQ(journal->bounds().oldest, 1003u);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(*journal, home, "{}"));
  EXPECT_EQ(journal->bounds().oldest, journal->bounds().head - 9);
}

TEST(JournalTest, AFullLogForgetsItsOldestAndTakesEveryPurge) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  const Journal::Options options{.folder = folder / "log", .map_bytes = 4U << 20};
  constexpr Sequence kPurges = 400;
  {
    const auto journal = std::move(*Journal::open(options));
    Sequence oldest = 1;
    for (Sequence n = 1; n <= kPurges; ++n) {
      // Of all sizes, so that what becomes free does not fit what comes.
      const auto got =
          append(*journal, home, std::string(n % 2 == 0 ? 200'000 : n * 7'919 % 150'000 + 1, 'x'));
      ASSERT_TRUE(got) << n << ' ' << got.error().text;
      EXPECT_EQ(*got, n);
      EXPECT_GE(journal->bounds().oldest, oldest);
      oldest = journal->bounds().oldest;
    }
    EXPECT_GT(oldest, kPurges - 50);
    EXPECT_LT(oldest, kPurges - 5) << "more is forgotten than need be";
    const auto entries = read(*journal, home, oldest, 1U << 30);
    ASSERT_TRUE(entries) << entries.error().text;
    EXPECT_EQ(entries->size(), kPurges + 1 - oldest);
  }
  const auto journal = std::move(*Journal::open(options));
  EXPECT_EQ(*append(*journal, home, "{}"), kPurges + 1);
}

TEST(JournalTest, ALogThatIsLargerThanItMayBeShrinks) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  {
    const auto journal = std::move(*Journal::open({.folder = folder / "log", .map_bytes = 8U << 20}));
    for (int n = 0; n < 50; ++n) ASSERT_TRUE(append(*journal, home, std::string(100'000, 'x')));
    ASSERT_EQ(journal->bounds().oldest, 1u);
  }
  const auto journal = std::move(*Journal::open({.folder = folder / "log", .map_bytes = 1U << 20}));
  for (Sequence n = 51; n < 60; ++n) EXPECT_EQ(*append(*journal, home, std::string(100'000, 'x')), n);
  EXPECT_GT(journal->bounds().oldest, 50u);
}

TEST(JournalTest, APurgeTooLargeForTheLogIsRefusedAndForgetsNothing) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  const auto journal = std::move(*Journal::open({.folder = folder / "log", .map_bytes = 1U << 20}));
  ASSERT_TRUE(append(*journal, home, "{}"));
  const auto refused = append(*journal, home, std::string(500'000, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Errc::Invalid);
  EXPECT_EQ(*append(*journal, home, "{}"), 2u);
  EXPECT_EQ(journal->bounds().oldest, 1u);
}

TEST(JournalTest, RemembersNodesUntilTheyAreForgotten) {
  const support::TempFolder folder;
  support::ThreadExecutor home;
  {
    const auto journal = open({.folder = folder / "log"});
    EXPECT_TRUE(journal->nodes().empty());
    EXPECT_TRUE(journal->keep_node({.name = "a", .applied = 1, .heard_ms = 1700}));
    EXPECT_TRUE(journal->keep_node({.name = "b"}));
    EXPECT_TRUE(journal->keep_node({.name = "a", .applied = 2, .heard_ms = 1800}));
    EXPECT_TRUE(journal->forget_node("b"));
    EXPECT_TRUE(journal->forget_node("never there"));
  }
  const auto journal = open({.folder = folder / "log"});
  ASSERT_EQ(journal->nodes().size(), 1u);
  EXPECT_EQ(journal->nodes()[0].name, "a");
  EXPECT_EQ(journal->nodes()[0].applied, 2u);
  EXPECT_EQ(journal->nodes()[0].heard_ms, 1800);
}

TEST(JournalTest, OneProcessAtATime) {
  const support::TempFolder folder;
  const auto journal = open({.folder = folder / "log"});
  const auto second = Journal::open({.folder = folder / "log", .map_bytes = kMap});
  ASSERT_FALSE(second);
}

TEST(JournalTest, ADamagedLogIsAnErrorAndNotAnEmptyLog) {
  const support::TempFolder folder;
  {
    const auto journal = open({.folder = folder / "log"});
  }
  std::ofstream(folder / "log/data.mdb", std::ios::trunc) << std::string(8192, 'x');
  const auto journal = Journal::open({.folder = folder / "log", .map_bytes = kMap});
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().text.find(folder / "log"), std::string::npos) << journal.error().text;
}

// In the child: appends from two threads without end, tells each number that it is given.
[[noreturn]] void append_forever(const std::string& folder, int report) {
  support::ThreadExecutor home;
  auto opened = Journal::open({.folder = folder, .map_bytes = kMap});
  if (!opened) ::_exit(1);
  std::atomic<int> under_way{0};
  const auto work = [&] {
    for (;;) {
      while (under_way >= 32) std::this_thread::yield();
      ++under_way;
      (*opened)->append({.at_ms = 1, .purges = {"{\"some\":\"purge\"}"}}, home,
                        [&under_way, report](auto got) {
                          --under_way;
                          if (!got || ::write(report, &got->back(), sizeof(Sequence)) != sizeof(Sequence))
                            ::_exit(1);
                        });
    }
  };
  std::thread other(work);
  work();
  ::_exit(0);
}

// A death test, so that it runs before the others have made threads: a process with threads had better not
// fork.
TEST(JournalDeathTest, NoNumberThatWasAnsweredIsLostWhenTheProcessIsKilled) {
  const support::TempFolder folder;
  Sequence last = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) append_forever(folder / "log", ends[1]);
    ::close(ends[1]);
    Sequence told = 0;
    for (int i = 0; i < 50 + 17 * round && ::read(ends[0], &told, sizeof told) == sizeof told; ++i) {
      EXPECT_EQ(told, last + 1);
      last = told;
    }
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, sizeof told) == sizeof told) last = told;  // told before it died
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    support::ThreadExecutor home;
    const auto journal = open({.folder = folder / "log"});
    ASSERT_TRUE(journal);
    EXPECT_GE(journal->bounds().head, last);
    EXPECT_EQ(journal->bounds().oldest, 1u);
    const auto entries = read(*journal, home, 1, 1U << 30);
    ASSERT_TRUE(entries) << entries.error().text;
    EXPECT_EQ(entries->size(), journal->bounds().head);
    last = journal->bounds().head;
  }
}

}  // namespace
}  // namespace purgeapi
