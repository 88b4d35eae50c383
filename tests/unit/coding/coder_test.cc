// SPDX-License-Identifier: Apache-2.0
#include "edge/coding/coder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "tests/support/manual_executor.h"
#include "tests/support/thread_executor.h"
#include "tests/support/wait_until.h"

namespace coding {
namespace {

using policy::Coding;
using support::wait_until;

/// Work that waits until it may end.
class Held {
 public:
  Coder::Work work() {
    return [this](Home& home) -> Coder::Made {
      ++begun;
      home_ = &home;
      while (!open) {
        if (!home.wait()) return base::fail(base::Errc::Cancelled, "ended");
      }
      return object;
    };
  }
  void release() {
    open = true;
    wait_until([this] { return home_ != nullptr; });
    home_.load()->post([] {});
  }

  std::atomic<int> begun{0};
  std::atomic<bool> open{false};
  store::ObjectRef object = std::make_shared<store::Object>();

 private:
  std::atomic<Home*> home_{nullptr};
};

Coder::Work never(std::atomic<int>& runs) {
  return [&runs](Home&) -> Coder::Made {
    ++runs;
    return store::ObjectRef{};
  };
}

/// Counts the answers that came.
struct Answers {
  std::atomic<int> made{0};
  std::atomic<int> failed{0};
  Coder::Answer taker() {
    return [this](Coder::Made result) { ++(result ? made : failed); };
  }
};

TEST(Coder, OneJobForAllWhoAskOnWhateverLoop) {
  support::ThreadExecutor loops[2];
  Coder coder({.threads = 2, .queue = 4});
  Held held;
  Answers answers;
  std::atomic<int> others{0};
  const Coder::Name name{7, Coding::Br};
  EXPECT_TRUE(coder.submit(name, held.work(), loops[0], answers.taker()));
  EXPECT_TRUE(wait_until([&] { return held.begun == 1; }));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(coder.submit(name, never(others), loops[i % 2], answers.taker()));
  held.release();
  EXPECT_TRUE(wait_until([&] { return answers.made == 101; }));
  EXPECT_EQ(others, 0);
  EXPECT_EQ(held.begun, 1);
}

TEST(Coder, AnswersComeOnTheLoopOfWhoAsked) {
  support::ThreadExecutor loop;
  Coder coder({});
  std::atomic<int> right{0};
  std::atomic<int> runs{0};
  EXPECT_TRUE(coder.submit({1, Coding::Gzip}, never(runs), loop,
                           [&](Coder::Made) { right = loop.in_thread() ? 1 : -1; }));
  EXPECT_TRUE(wait_until([&] { return right != 0; }));
  EXPECT_EQ(right, 1);
}

TEST(Coder, AnotherObjectOrCodingIsAnotherJob) {
  support::ThreadExecutor loop;
  Coder coder({});
  Answers answers;
  std::atomic<int> runs{0};
  for (const Coder::Name& name : {Coder::Name{1, Coding::Br}, {1, Coding::Gzip}, {2, Coding::Br}}) {
    EXPECT_TRUE(coder.submit(name, never(runs), loop, answers.taker()));
  }
  EXPECT_TRUE(wait_until([&] { return answers.made == 3; }));
  EXPECT_EQ(runs, 3);
}

TEST(Coder, AFullQueueRefusesAtOnceButLetsJoin) {
  support::ThreadExecutor loop;
  Coder coder({.threads = 1, .queue = 2});
  Held held;
  Answers answers;
  std::atomic<int> runs{0};
  EXPECT_TRUE(coder.submit({1, Coding::Br}, held.work(), loop, answers.taker()));
  EXPECT_TRUE(wait_until([&] { return held.begun == 1; }));
  EXPECT_TRUE(coder.submit({2, Coding::Br}, never(runs), loop, answers.taker()));
  EXPECT_TRUE(coder.submit({3, Coding::Br}, never(runs), loop, answers.taker()));
  EXPECT_EQ(coder.waiting(), 2U);
  EXPECT_FALSE(coder.submit({4, Coding::Br}, never(runs), loop, answers.taker()));
  EXPECT_EQ(coder.counters(Coding::Br).refused, 1U);
  EXPECT_TRUE(coder.submit({3, Coding::Br}, never(runs), loop, answers.taker()));
  EXPECT_TRUE(coder.submit({1, Coding::Br}, never(runs), loop, answers.taker()));
  held.release();
  EXPECT_TRUE(wait_until([&] { return answers.made == 5; }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(answers.failed, 0);
  EXPECT_TRUE(coder.submit({4, Coding::Br}, never(runs), loop, answers.taker()));
}

TEST(Coder, AtItsEndWhoWaitsIsAnsweredAndWorkThatWaitsIsEnded) {
  support::ManualClock clock;
  support::ManualExecutor loop(clock);
  Answers answers;
  std::atomic<int> runs{0};
  Held held;
  Coder coder({});
  EXPECT_TRUE(coder.submit({1, Coding::Br}, held.work(), loop, answers.taker()));
  EXPECT_TRUE(wait_until([&] { return held.begun == 1; }));
  EXPECT_TRUE(coder.submit({1, Coding::Br}, never(runs), loop, answers.taker()));
  EXPECT_TRUE(coder.submit({2, Coding::Br}, never(runs), loop, answers.taker()));
  coder.stop();
  loop.run_all();
  EXPECT_EQ(answers.failed, 3);
  EXPECT_EQ(runs, 0);
  EXPECT_FALSE(coder.submit({3, Coding::Br}, never(runs), loop, answers.taker()));
}

TEST(Coder, WhoHasGoneIsNotCalled) {
  support::ManualClock clock;
  support::ManualExecutor loop(clock);
  Coder coder({});
  std::atomic<int> runs{0};
  bool called = false;
  {
    const base::Anchor anchor;
    EXPECT_TRUE(
        coder.submit({1, Coding::Br}, never(runs), loop, anchor.wrap([&](Coder::Made) { called = true; })));
    EXPECT_TRUE(wait_until([&] { return runs == 1; }));
  }
  coder.stop();
  loop.run_all();
  EXPECT_FALSE(called);
}

TEST(Home, AWorkerWaitsForWhatOthersPost) {
  support::ThreadExecutor loop;
  support::ThreadExecutor other;
  Coder coder({});
  std::atomic<int> sum{0};
  Answers answers;
  EXPECT_TRUE(coder.submit(
      {1, Coding::Br},
      [&](Home& home) -> Coder::Made {
        int come = 0;
        for (int i = 1; i <= 3; ++i) {
          other.post([&, i] { home.post([&, i] { come += i; }); });
        }
        while (come < 6) {
          if (!home.wait()) break;
        }
        sum = home.in_thread() ? come : -1;
        return store::ObjectRef{};
      },
      loop, answers.taker()));
  EXPECT_TRUE(wait_until([&] { return answers.made == 1; }));
  EXPECT_EQ(sum, 6);
}

}  // namespace
}  // namespace coding
