// SPDX-License-Identifier: Apache-2.0
#include "edge/base/job_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>

#include "tests/support/wait_until.h"

namespace base {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using testing::ElementsAre;

/// Notes what each turn got; the first one waits until it is let go.
class JobThreadTest : public testing::Test {
 protected:
  using Thread = JobThread<int>;
  void begin(Thread::Options options) {
    options.name = "jobs";
    thread_.emplace(options, [this](std::vector<int> jobs) {
      turns_.push_back(std::move(jobs));
      if (turns_.size() == 1) {
        begun_.set_value();
        let_go_.get_future().wait();
      }
      done_ = turns_.size();
      done_.notify_all();
    });
  }
  bool push(int job) { return thread_->push(job); }
  void wait_for_turns(std::size_t count) {
    for (std::size_t now = done_; now < count; now = done_) done_.wait(now);
  }
  std::size_t turns() const { return done_; }
  const std::vector<std::vector<int>>& end() {
    thread_.reset();
    return turns_;
  }

  std::promise<void> begun_;
  std::promise<void> let_go_;

 private:
  std::vector<std::vector<int>> turns_;
  std::atomic<std::size_t> done_{0};
  std::optional<Thread> thread_;
};

TEST_F(JobThreadTest, TakesWhatWaitsInOneTurnAndRefusesTooMany) {
  begin({.queued_max = 2});
  EXPECT_TRUE(push(1));
  begun_.get_future().wait();
  EXPECT_TRUE(push(2));
  EXPECT_TRUE(push(3));
  EXPECT_FALSE(push(4));
  let_go_.set_value();
  EXPECT_THAT(end(), ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
}

TEST_F(JobThreadTest, WaitsForMoreOnlyWhenSeveralCameTogether) {
  begin({.queued_max = 10, .gather = std::chrono::milliseconds(1h)});
  push(1);
  begun_.get_future().wait();
  push(2);
  push(3);
  let_go_.set_value();
  wait_for_turns(2);  // after a turn with one job there is no waiting
  push(4);
  EXPECT_FALSE(support::wait_until([this] { return turns() > 2; }, 20ms));
  for (int job : {5, 6}) push(job);
  EXPECT_THAT(end(), ElementsAre(ElementsAre(1), ElementsAre(2, 3), ElementsAre(4, 5, 6)));
}

TEST_F(JobThreadTest, WaitsForNoMoreThanEnough) {
  begin({.queued_max = 10, .gather = std::chrono::milliseconds(1h), .gather_jobs = 2});
  push(1);
  begun_.get_future().wait();
  push(2);
  push(3);
  let_go_.set_value();
  wait_for_turns(2);
  push(4);
  push(5);
  wait_for_turns(3);
  EXPECT_THAT(end(), ElementsAre(ElementsAre(1), ElementsAre(2, 3), ElementsAre(4, 5)));
}

TEST_F(JobThreadTest, DoesNotKeepJobsWaitingThatComeAlone) {
  begin({.queued_max = 10, .gather = std::chrono::milliseconds(1h)});
  let_go_.set_value();
  for (int job = 1; job <= 3; ++job) {
    push(job);
    wait_for_turns(static_cast<std::size_t>(job));
  }
  EXPECT_THAT(end(), ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
}

TEST(JobThread, IsWorkInTheBackgroundUnlessTheProgramHasAnotherPolicy) {
  int policy = -1;
  JobThread<int>::Options options{.name = "jobs", .queued_max = 1};
  auto thread = std::make_unique<JobThread<int>>(
      options, [&](const std::vector<int>&) { policy = ::sched_getscheduler(0); });
  int job = 1;
  thread->push(job);
  thread.reset();
  EXPECT_EQ(policy, ::sched_getscheduler(0) == SCHED_OTHER ? SCHED_BATCH : ::sched_getscheduler(0));
}

TEST(JobThread, PausesUntilItsEnd) {
  std::promise<void> pausing;
  bool goes_on = true;
  JobThread<int>::Options options{.name = "jobs", .queued_max = 1};
  JobThread<int>* self = nullptr;
  auto thread = std::make_unique<JobThread<int>>(options, [&](const std::vector<int>&) {
    EXPECT_TRUE(self->pause(1ms));
    pausing.set_value();
    goes_on = self->pause(std::chrono::milliseconds(1h));
  });
  self = thread.get();
  int job = 1;
  thread->push(job);
  pausing.get_future().wait();
  thread.reset();
  EXPECT_FALSE(goes_on);
}

}  // namespace
}  // namespace base
