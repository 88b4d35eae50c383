// SPDX-License-Identifier: Apache-2.0
#include "origin/fetch/fetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "tests/support/manual_executor.h"

namespace fetch {
namespace {

using base::kChunkBytes;
using Read = Fetch::Read;
using State = Fetch::State;

/// A fetch with its fill's side in the test's hands, and readers on one loop.
class FetchTest : public testing::Test {
 protected:
  FetchTest() { fetch_->set_writer(writer_wakeup_.sender()); }

  void open(bool kept, std::optional<std::uint64_t> total = {}) {
    auto head = std::make_shared<policy::StoredResponse>();
    head->status = 200;
    fetch_->open(std::move(head), Fetch::Sharing::All, kept, total, "", clock_.steady());
  }
  std::unique_ptr<Fetch::Reader> reader(int* woken = nullptr) {
    auto& wakeup = wakeups_.emplace_back(std::make_unique<base::Wakeup>(loop_, [woken] {
      if (woken != nullptr) ++*woken;
    }));
    return std::make_unique<Fetch::Reader>(fetch_, wakeup->sender());
  }
  /// All that can be read from `offset` on, and how it ended.
  static std::pair<std::string, Read> drain(Fetch::Reader& reader, std::uint64_t offset) {
    std::string text;
    base::Slice slice;
    Read result = Read::Data;
    while (true) {
      reader.advance(offset + text.size());
      result = reader.read(offset + text.size(), 10'000, slice);
      if (result != Read::Data) return {text, result};
      text += slice.bytes;
    }
  }
  static std::string pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
    return text;
  }

  support::ManualClock clock_{};
  support::ManualExecutor loop_{clock_};
  int writer_woken_ = 0;
  base::Wakeup writer_wakeup_{loop_, [this] { ++writer_woken_; }};
  std::vector<std::unique_ptr<base::Wakeup>> wakeups_{};
  std::shared_ptr<Fetch> fetch_ = std::make_shared<Fetch>(store::Key{1, 2}, "text", 7);
};

TEST_F(FetchTest, AReaderSeesBytesAsTheyComeAndIsWokenForThem) {
  int woken = 0;
  const auto early = reader(&woken);
  base::Slice slice;
  EXPECT_EQ(early->read(0, 10, slice), Read::Later);
  open(true);
  loop_.run_all();
  EXPECT_EQ(woken, 1);
  fetch_->append("hello");
  loop_.run_all();
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(drain(*early, 0), std::pair(std::string("hello"), Read::Later));
  fetch_->append(" world");
  EXPECT_EQ(drain(*early, 5), std::pair(std::string(" world"), Read::Later));
  fetch_->complete();
  EXPECT_EQ(drain(*early, 11).second, Read::End);
  EXPECT_EQ(fetch_->view().total, 11U);
}

TEST_F(FetchTest, CompletingMakesUpNoLength) {
  open(false, 1000);  // HEAD
  fetch_->complete();
  EXPECT_EQ(fetch_->view().total, 1000U);
  fetch_ = std::make_shared<Fetch>(store::Key{1, 2}, "text", 7);
  open(false);
  fetch_->complete();
  EXPECT_EQ(fetch_->view().total, std::nullopt);
}

TEST_F(FetchTest, WhenItIsSettledReadersAreToldWhatHasBeenStored) {
  for (const bool kept : {true, false}) {
    fetch_ = std::make_shared<Fetch>(store::Key{1, 2}, "text", 7);
    int woken = 0;
    const auto waiting = reader(&woken);
    open(true);
    fetch_->append("hello");
    fetch_->complete();
    loop_.run_all();
    EXPECT_FALSE(fetch_->view().settled);  // whole, but not yet to be found
    woken = 0;
    const store::ObjectRef object = kept ? std::make_shared<store::Object>() : nullptr;
    fetch_->settle(object);
    loop_.run_all();
    EXPECT_EQ(woken, 1);
    EXPECT_TRUE(fetch_->view().settled);
    EXPECT_EQ(fetch_->view().object, object);
    EXPECT_EQ(drain(*waiting, 0), std::pair(std::string("hello"), Read::End));
  }
}

TEST_F(FetchTest, EveryReaderGetsTheWholeBodyWhereverItStarts) {
  const std::string body = pattern(3 * kChunkBytes + 17);
  open(true, body.size());
  const auto first = reader();
  for (std::size_t at = 0; at < body.size(); at += 50'000)
    fetch_->append(std::string_view(body).substr(at, 50'000));
  const auto late = reader();
  fetch_->complete();
  EXPECT_EQ(drain(*first, 0), std::pair(body, Read::End));
  EXPECT_EQ(drain(*late, 0), std::pair(body, Read::End));
  EXPECT_EQ(drain(*late, kChunkBytes - 1), std::pair(body.substr(kChunkBytes - 1), Read::End));
}

TEST_F(FetchTest, AKeptChunkLeavesTheWindowWhenItIsOnDiskWhoeverHasReadIt) {
  const std::string body = pattern(2 * kChunkBytes + 5);
  open(true, body.size());
  fetch_->set_stored(store::Key{3, 4}, 99);
  const auto slow = reader();
  const auto fast = reader();
  fetch_->append(body);
  EXPECT_EQ(drain(*fast, 0).first, body);
  EXPECT_EQ(fetch_->window_bytes(), body.size());  // read by `fast`, but not on disk
  fetch_->release(0);
  EXPECT_EQ(fetch_->window_bytes(), body.size() - kChunkBytes);
  base::Slice slice;
  EXPECT_EQ(slow->read(0, 10, slice), Read::OnDisk);
  EXPECT_EQ(slow->stored_id(), 99U);
  EXPECT_EQ(slow->stored_key(), (store::Key{3, 4}));
  EXPECT_EQ(slow->read(kChunkBytes, 10, slice), Read::Data);
}

TEST_F(FetchTest, ChunksThatReachTheDiskOutOfOrderLeaveInOrder) {
  open(true);
  fetch_->set_stored(store::Key{3, 4}, 99);
  const auto one = reader();
  fetch_->append(pattern(3 * kChunkBytes));
  fetch_->release(1);
  base::Slice slice;
  EXPECT_EQ(one->read(kChunkBytes, 10, slice), Read::Data);
  fetch_->release(0);
  EXPECT_EQ(fetch_->window_bytes(), kChunkBytes);
}

TEST_F(FetchTest, WithoutTheCacheTheSlowestReaderHoldsTheWindow) {
  const std::string body = pattern(4 * kChunkBytes);
  open(false);
  const auto slow = reader();
  const auto fast = reader();
  fetch_->append(body);
  EXPECT_EQ(drain(*fast, 0).first, body);
  EXPECT_EQ(fetch_->window_bytes(), body.size());
  loop_.run_all();
  writer_woken_ = 0;
  slow->advance(2 * kChunkBytes + 1);
  loop_.run_all();
  EXPECT_EQ(fetch_->window_bytes(), 2 * kChunkBytes);
  EXPECT_EQ(writer_woken_, 1);  // there is room: the origin may go on
}

TEST_F(FetchTest, AReaderThatLeavesNoLongerHoldsTheWindow) {
  open(false);
  auto slow = reader();
  const auto fast = reader();
  fetch_->append(pattern(2 * kChunkBytes));
  fast->advance(2 * kChunkBytes);
  EXPECT_EQ(fetch_->window_bytes(), 2 * kChunkBytes);
  loop_.run_all();
  writer_woken_ = 0;
  slow.reset();
  loop_.run_all();
  EXPECT_EQ(fetch_->window_bytes(), 0U);
  EXPECT_EQ(writer_woken_, 1);
  EXPECT_EQ(fetch_->readers(), 1U);
}

TEST_F(FetchTest, ALaggardIsCutOnlyForTheSakeOfOneThatWaits) {
  int slow_woken = 0;
  open(false);
  const auto slow = reader(&slow_woken);
  const auto fast = reader();
  fetch_->append(pattern(4 * kChunkBytes));
  fast->advance(4 * kChunkBytes - 1);
  EXPECT_EQ(fetch_->cut_laggards(), 0U);  // nobody waits yet
  fast->advance(4 * kChunkBytes);
  loop_.run_all();
  slow_woken = 0;
  EXPECT_EQ(fetch_->cut_laggards(), 1U);
  loop_.run_all();
  EXPECT_EQ(slow_woken, 1);
  base::Slice slice;
  EXPECT_EQ(slow->read(0, 10, slice), Read::Failed);
  EXPECT_EQ(fast->read(4 * kChunkBytes, 10, slice), Read::Later);
  EXPECT_EQ(fetch_->window_bytes(), 0U);
  EXPECT_EQ(fetch_->cut_laggards(), 0U);  // it counts no more
}

TEST_F(FetchTest, NobodyIsCutFromABodyThatIsKept) {
  open(true);
  const auto slow = reader();
  const auto fast = reader();
  fetch_->append(pattern(2 * kChunkBytes));
  fast->advance(2 * kChunkBytes);
  EXPECT_EQ(fetch_->cut_laggards(), 0U);
}

TEST_F(FetchTest, StoppingToKeepLetsTheReadersHoldTheWindow) {
  open(true);
  const auto one = reader();
  fetch_->append(pattern(2 * kChunkBytes));
  one->advance(kChunkBytes);
  EXPECT_EQ(fetch_->window_bytes(), 2 * kChunkBytes);
  fetch_->stop_keeping();
  EXPECT_EQ(fetch_->window_bytes(), kChunkBytes);
  fetch_->release(1);  // came too late: nobody has read it
  EXPECT_EQ(fetch_->window_bytes(), kChunkBytes);
}

TEST_F(FetchTest, AFailureReachesEveryReaderAndNoLateOneIsFed) {
  open(true, 100);
  const auto one = reader();
  fetch_->append("half");
  fetch_->fail({base::Errc::Invalid, "origin went away"});
  base::Slice slice;
  EXPECT_EQ(one->read(0, 10, slice), Read::Failed);
  EXPECT_EQ(reader()->read(4, 10, slice), Read::Failed);
  EXPECT_EQ(fetch_->view().state, State::Failed);
  EXPECT_EQ(fetch_->view().error.text, "origin went away");
}

TEST_F(FetchTest, WhatIsCompleteDoesNotFailAnyMore) {
  open(true);
  const auto one = reader();
  fetch_->append("all");
  fetch_->complete();
  fetch_->fail({base::Errc::Invalid, "late"});
  EXPECT_EQ(fetch_->view().state, State::Complete);
  EXPECT_EQ(drain(*one, 0), std::pair(std::string("all"), Read::End));
}

TEST_F(FetchTest, MoreBytesThanTheHeadAnnouncedAreNotPublished) {
  open(true, 4);
  const auto one = reader();
  fetch_->append("four and more");
  EXPECT_EQ(fetch_->body_bytes(), 4U);
  EXPECT_EQ(drain(*one, 0).first, "four");
}

TEST_F(FetchTest, TheWindowIsAccountedForAsLongAsItIsHeld) {
  std::atomic<std::uint64_t> account{0};
  fetch_->set_account(account);
  auto first = reader();
  auto second = reader();
  open(false);
  fetch_->append(pattern(kChunkBytes + 10));
  EXPECT_EQ(account.load(), kChunkBytes + 10);
  fetch_->complete();
  fetch_.reset();  // the fill is over, its readers are not
  EXPECT_EQ(account.load(), kChunkBytes + 10);
  first->advance(kChunkBytes);
  EXPECT_EQ(account.load(), kChunkBytes + 10);
  second.reset();
  EXPECT_EQ(account.load(), 10U);
  first.reset();
  EXPECT_EQ(account.load(), 0U);
}

}  // namespace
}  // namespace fetch
