// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/ledger_disk.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "store/lmdb/database.h"
#include "tests/support/posted_from.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"
#include "tests/support/wait_until.h"
#include "tests/unit/purge/fakes.h"

namespace purge {
namespace {

Ledger::Row row(std::uint64_t name, Sequence sequence) {
  return {.name_high = name, .name_low = ~name, .hard = make_stamp(1, sequence), .soft = 0};
}

bool operator==(const Ledger::Row& a, const Ledger::Row& b) {
  return a.name_high == b.name_high && a.name_low == b.name_low && a.hard == b.hard && a.soft == b.soft;
}

class LedgerDiskTest : public testing::Test {
 protected:
  LedgerDisk::Opened open() {
    auto opened = LedgerDisk::open(folder / "state", 64U << 20);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }
  void keep(LedgerDisk& store, Sequence sequence, std::vector<Ledger::Row> rows) {
    store.keep({.sequence = sequence, .log_id = "L"}, std::move(rows), home,
               [this](base::Status status) { kept += status.has_value(); });
  }

  support::TempFolder folder;
  std::atomic<int> kept{0};
  support::ThreadExecutor home;
};

TEST_F(LedgerDiskTest, AnEmptyFolderIsFresh) {
  for (int i = 0; i < 2; ++i) {  // opening alone keeps nothing
    const auto opened = open();
    EXPECT_TRUE(opened.fresh);
    EXPECT_EQ(opened.place.epoch, 1);
    EXPECT_EQ(opened.place.sequence, 0u);
    EXPECT_TRUE(opened.rows.empty());
  }
}

// What comes after an entry that could not be kept must not be either: the place would say that it is.
TEST_F(LedgerDiskTest, NothingIsKeptPastWhatCouldNotBeKept) {
  auto opened = LedgerDisk::open(folder / "state", 256U << 10);
  ASSERT_TRUE(opened) << opened.error().text;
  std::vector<Ledger::Row> too_many;
  for (std::uint64_t n = 0; n < 50'000; ++n) too_many.push_back(row(n, 2));
  keep(*opened->store, 1, {row(1, 1)});
  ASSERT_TRUE(support::wait_until([&] { return kept == 1; }));
  keep(*opened->store, 2, std::move(too_many));
  keep(*opened->store, 3, {row(3, 3)});
  opened->store.reset();
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(open().place.sequence, 1u);
}

TEST_F(LedgerDiskTest, WhatIsKeptIsThereAfterReopening) {
  {
    const auto opened = open();
    keep(*opened.store, 1, {row(7, 1), row(8, 1)});
    keep(*opened.store, 2, {row(7, 2)});
    ASSERT_TRUE(support::wait_until([&] { return kept == 2; }));
  }
  const auto opened = open();
  EXPECT_FALSE(opened.fresh);
  EXPECT_EQ(opened.place.sequence, 2u);
  EXPECT_EQ(opened.place.log_id, "L");
  ASSERT_EQ(opened.rows.size(), 2u);
  for (const Ledger::Row& wanted : {row(7, 2), row(8, 1)}) {
    EXPECT_TRUE(std::ranges::any_of(opened.rows, [&](const Ledger::Row& had) { return had == wanted; }));
  }
}

TEST_F(LedgerDiskTest, KeepsTheDigestOfTheEntryWhereItStands) {
  const auto keep_with = [&](std::optional<std::uint64_t> digest) {
    const auto opened = open();
    opened.store->keep({.sequence = 1, .log_id = "L", .digest = digest}, {}, home, [](base::Status) {});
  };
  keep_with(7);
  EXPECT_EQ(open().place.digest, 7u);
  keep_with({});
  EXPECT_FALSE(open().place.digest);
  keep_with(0);
  EXPECT_EQ(open().place.digest, 0u);
}

TEST_F(LedgerDiskTest, ADigestThatAnOlderVersionLeftBehindIsNone) {
  const auto place_in = [&](const std::string& name, std::string value) {
    auto env = lmdb::Env::open({.folder = folder / name, .map_bytes = 64U << 20, .databases = 2});
    const auto dbi = *env->database("place");
    auto txn = lmdb::Txn::begin(*env, lmdb::Txn::Mode::Write);
    if (!value.empty()) {
      EXPECT_TRUE(txn->put(dbi, "place 3", value));
    }
    value = std::string(**txn->find(dbi, "place 3"));
    EXPECT_TRUE(txn->commit());
    return value;
  };
  {
    const auto older = LedgerDisk::open(folder / "older", 64U << 20);
    older->store->keep({.sequence = 2, .log_id = "L"}, {}, home, [](base::Status) {});
    const auto opened = open();
    opened.store->keep({.sequence = 1, .log_id = "L", .digest = 7}, {}, home, [](base::Status) {});
  }
  place_in("state", place_in("older", ""));
  const auto opened = open();
  EXPECT_EQ(opened.place.sequence, 2u);
  EXPECT_FALSE(opened.place.digest);
}

TEST_F(LedgerDiskTest, WritesInsteadOfTheOneThatKeeps) {
  support::PostedFrom caller;
  const auto opened = open();
  opened.store->keep({.sequence = 1, .log_id = "L"}, {row(7, 1)}, caller, [](base::Status) {});
  ASSERT_TRUE(support::wait_until([&] { return caller.posts() == 1; }));
  EXPECT_EQ(caller.from_here(), 0U);
}

TEST_F(LedgerDiskTest, ItsEndWritesWhatIsQueued) {
  {
    const auto opened = open();
    for (Sequence n = 1; n <= 500; ++n) keep(*opened.store, n, {row(n, n)});
  }
  const auto opened = open();
  EXPECT_EQ(opened.place.sequence, 500u);
  EXPECT_EQ(opened.rows.size(), 500u);
}

TEST_F(LedgerDiskTest, ARestartForgetsTheRowsAndKeepsWhatComesAfter) {
  {
    const auto opened = open();
    keep(*opened.store, 1, {row(1, 1)});
    opened.store->restart({.epoch = 2, .sequence = 40, .log_id = "M"}, home, [](base::Status) {});
    opened.store->keep({.epoch = 2, .sequence = 41, .log_id = "M"}, {row(9, 41)}, home, [](base::Status) {});
  }
  const auto opened = open();
  EXPECT_EQ(opened.place.epoch, 2);
  EXPECT_EQ(opened.place.sequence, 41u);
  EXPECT_EQ(opened.place.log_id, "M");
  ASSERT_EQ(opened.rows.size(), 1u);
  EXPECT_EQ(opened.rows[0].name_high, 9u);
}

TEST_F(LedgerDiskTest, ForgetsRowsUpToAStampButThoseSpared) {
  {
    const auto opened = open();
    Ledger::Row wildcard = row(4, 1);
    wildcard.text = "w1:s6:a.b/c*";
    keep(*opened.store, 1, {row(1, 1), row(2, 1), row(3, 2), wildcard});
    opened.store->forget(make_stamp(1, 1),
                         std::make_shared<Ledger::Names>(Ledger::Names{row(2, 0).name(), wildcard.name()}));
    keep(*opened.store, 3, {row(5, 3)});
  }
  const auto opened = open();
  EXPECT_EQ(opened.place.sequence, 3u);
  std::set<std::uint64_t> names;
  for (const Ledger::Row& had : opened.rows) {
    names.insert(had.name_high);
    EXPECT_EQ(had.text, had.name_high == 4 ? "w1:s6:a.b/c*" : "");
  }
  EXPECT_EQ(names, (std::set<std::uint64_t>{2, 3, 4, 5}));
}

TEST_F(LedgerDiskTest, OneProcessAtATime) {
  const auto opened = open();
  const auto second = LedgerDisk::open(folder / "state", 64U << 20);
  ASSERT_FALSE(second);
}

TEST_F(LedgerDiskTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder / "file") << "x";
  const auto opened = LedgerDisk::open(folder / "file/state", 64U << 20);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("file/state"), std::string::npos);
}

// What an edge does with each entry of the log, with a bound of 1,000 names.
TEST_F(LedgerDiskTest, ItsRowsStayWithinTheBoundAndNothingOlderThanTheFloorComesBack) {
  constexpr std::size_t kBound = 1'000;
  constexpr Sequence kPurges = 10'000;
  const auto verdict = [](const Ledger& ledger, Sequence name, Stamp since) {
    const std::string url = "a.test/" + std::to_string(name);
    return ledger.verdict({.site = "www", .host = "a.test", .url = url}, since);
  };
  Stamp floor = 0;
  {
    const auto opened = open();
    Ledger ledger(without_scheme, {.entries = kBound});
    ledger.load(1, 0, {});
    for (Sequence n = 1; n <= kPurges; ++n) {
      const Purge purge = url_purge("https://a.test/" + std::to_string(n), n % 3 == 0);
      auto rows = ledger.rows_of(n, purge);
      ledger.apply(n, purge);
      ASSERT_LE(ledger.entries(), kBound);
      opened.store->keep({1, n, ledger.floor(), "L"}, std::move(rows), home, [](base::Status) {});
    }
    floor = ledger.floor();
  }
  const auto opened = open();
  EXPECT_LE(opened.rows.size(), kBound);
  EXPECT_EQ(opened.place.floor, floor);
  EXPECT_GT(sequence_of(floor), kPurges - 1'000);
  EXPECT_LT(sequence_of(floor), kPurges - 500) << "more is forgotten than need be";
  Ledger ledger(without_scheme, {.entries = kBound});
  ledger.load(1, opened.place.sequence, opened.rows, opened.place.floor);
  for (Sequence n = 1; n <= kPurges; ++n) {
    const bool known = n > sequence_of(floor);
    // Stored just before it was purged, and just after.
    const Verdict hit = known && n % 3 == 0 ? Verdict::Stale : Verdict::Dead;
    ASSERT_EQ(verdict(ledger, n, make_stamp(1, n - 1)), hit) << n;
    if (known) {
      ASSERT_EQ(verdict(ledger, n, make_stamp(1, n)), Verdict::Live) << n;
    }
    if (n < sequence_of(floor)) {
      ASSERT_EQ(verdict(ledger, 0, make_stamp(1, n)), Verdict::Dead) << n;
    }
  }
  EXPECT_EQ(verdict(ledger, 0, floor), Verdict::Live);
}

class DamagedLedgerTest : public LedgerDiskTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedLedgerTest, IsPutAsideAndBegunAfresh) {
  {
    const auto opened = open();
    std::vector<Ledger::Row> rows;
    for (std::uint64_t n = 0; n < 2000; ++n) rows.push_back(row(0x5afe'0000'0000'0000 + n, 1));
    keep(*opened.store, 1, std::move(rows));
  }
  const std::string file = folder / "state/data.mdb";
  const auto size = std::filesystem::file_size(file);
  const std::string_view how = GetParam();
  if (how == "Garbage") std::ofstream(file, std::ios::trunc) << std::string(8192, 'x');
  if (how == "CutShort") std::filesystem::resize_file(file, size / 8 * 4);
  if (how == "FlippedBits") {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    std::string all(size, '\0');
    bytes.read(all.data(), static_cast<std::streamsize>(size));
    // Any row's stamps: they stand right behind its name.
    const Ledger::Row sought = row(0x5afe'0000'0000'0000 + 1234, 1);
    const auto at = all.find(std::string(reinterpret_cast<const char*>(&sought.name_high), 8) +
                             std::string(reinterpret_cast<const char*>(&sought.name_low), 8));
    ASSERT_NE(at, std::string::npos);
    for (auto hit = at; hit != std::string::npos;
         hit = all.find(all.substr(at, 16), hit + 1)) {  // pages that are no longer in use hold it too
      bytes.seekp(static_cast<std::streamoff>(hit) + 16);
      bytes.put('\x55');
    }
  }
  {
    const auto opened = open();
    EXPECT_TRUE(opened.fresh);
    EXPECT_EQ(opened.place.epoch, 1);
    EXPECT_TRUE(opened.rows.empty());
    keep(*opened.store, 3, {row(3, 3)});
  }
  EXPECT_TRUE(std::filesystem::exists(file + ".damaged"));
  EXPECT_EQ(open().place.sequence, 3u);
}

INSTANTIATE_TEST_SUITE_P(Ways, DamagedLedgerTest, testing::Values("Garbage", "CutShort", "FlippedBits"),
                         [](const auto& tested) { return tested.param; });

// In the child: keeps entries without end, tells each that is kept.
[[noreturn]] void keep_forever(const std::string& folder, int report) {
  support::ThreadExecutor home;
  auto opened = LedgerDisk::open(folder, 64U << 20);
  if (!opened) ::_exit(1);
  std::atomic<Sequence> under_way{0};
  for (Sequence n = opened->place.sequence + 1;; ++n) {
    while (under_way >= 64) std::this_thread::yield();
    ++under_way;
    // Every entry has a row of its own and moves a common one.
    opened->store->keep({.sequence = n, .log_id = "L"}, {row(1000 + n, n), row(1, n)}, home,
                        [&under_way, report, n](base::Status) {
                          --under_way;
                          if (::write(report, &n, sizeof n) != sizeof n) ::_exit(1);
                        });
  }
}

// A death test, so that it runs before the others have made threads: a process with threads had better not
// fork.
TEST(LedgerDiskDeathTest, NothingKeptIsLostWhenTheProcessIsKilled) {
  const support::TempFolder folder;
  Sequence total = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) keep_forever(folder / "killed", ends[1]);
    ::close(ends[1]);
    Sequence last = 0;
    Sequence told = 0;
    for (int i = 0; i < 40 + 13 * round && ::read(ends[0], &told, sizeof told) == sizeof told; ++i)
      last = told;
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, sizeof told) == sizeof told) last = told;  // told before it died
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    const auto opened = LedgerDisk::open(folder / "killed", 64U << 20);
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_FALSE(opened->fresh);
    EXPECT_GE(opened->place.sequence, last);
    EXPECT_GT(last, total);
    // The place and the rows are of one transaction: neither is ahead.
    EXPECT_EQ(opened->rows.size(), opened->place.sequence + 1);
    const Ledger::Row newest = row(1, opened->place.sequence);
    EXPECT_TRUE(std::ranges::any_of(opened->rows, [&](const Ledger::Row& had) { return had == newest; }));
    total = last;
  }
}

}  // namespace
}  // namespace purge
