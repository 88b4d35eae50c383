// SPDX-License-Identifier: Apache-2.0
#include "purge/follow/follower.h"

#include <gtest/gtest.h>

#include <optional>

#include "purge/follow/log_line.h"
#include "tests/support/manual_executor.h"
#include "tests/unit/purge/fakes.h"

namespace purge {
namespace {

using namespace std::chrono_literals;

constexpr Subject kSubject{.site = "www", .host = "a.test", .url = "a.test/x"};

class FollowerTest : public testing::Test {
 protected:
  // A follower that has applied `applied` of log `log_id` before.
  void make(Sequence applied = 0, std::string log_id = "") {
    ledger.load(1, applied, {});
    follower.emplace(home, maker, ledger, store,
                     Follower::Options{.api_url = "https://api.test/",
                                       .token = "secret",
                                       .node = "edge-1",
                                       .seed = 7,
                                       .on_question = on_question},
                     std::move(log_id));
    follower->start();
  }
  ScriptedMaker::Call& log() {
    const auto call = maker.running("GET");
    EXPECT_TRUE(call) << "no log is being read";
    return *call;
  }
  void open_log(const std::string& first_line) {
    log().listener->on_head({.status = 200});
    log().say(first_line + "\n");
  }
  void entry(Sequence sequence, const std::string& url = "https://a.test/x") {
    log().say("{\"seq\":" + std::to_string(sequence) + ",\"purge\":" + to_json(url_purge(url)) +
              ",\"at\":1}\n");
  }
  std::string ack() const {
    const auto call = maker.running("POST");
    return call ? call->body : "";
  }
  const Follower::State& state() const { return follower->state(); }

  support::ManualClock clock;
  support::ManualExecutor home{clock};
  ScriptedMaker maker;
  ScriptedStore store;
  Ledger ledger{without_scheme};
  std::function<void(std::string_view)> on_question{};
  std::optional<Follower> follower;
};

TEST_F(FollowerTest, AsksForWhatComesAfterItsPlace) {
  make(41, "L");
  EXPECT_EQ(log().url, "https://api.test/v1/log?after=41&node=edge-1&log_id=L");
  EXPECT_EQ(log().authorization, "Bearer secret");
}

TEST_F(FollowerTest, NamesTheEntryThatItHasLastWhereverItConnects) {
  make(4, "L");
  EXPECT_EQ(log().digest, "") << "a state of an older version has none";
  open_log(R"({"log_id":"L","oldest":1,"head":5})");
  entry(5);
  const std::uint64_t digest = digest_of_entry(to_json(url_purge("https://a.test/x")), 1);
  EXPECT_EQ(store.ops.back().place.digest, digest);
  log().fail();
  home.advance(1s);
  EXPECT_EQ(log().digest, to_text(digest));
  open_log(R"({"log_id":"L","oldest":1,"head":3,"reset":true})");
  EXPECT_FALSE(store.ops.back().place.digest);
  log().fail();
  home.advance(1s);
  EXPECT_EQ(log().digest, "") << "that one is not of this log";
}

TEST_F(FollowerTest, AnEntrysDigestTellsItFromAnotherPurgeAndFromTheSameAtAnotherTime) {
  const std::string purge = to_json(url_purge("https://a.test/x"));
  const std::uint64_t digest = digest_of_entry(purge, 1);
  EXPECT_EQ(digest_of_entry(R"({ "urls": ["https://a.test/x"], "site": "www" })", 1), digest);
  EXPECT_NE(digest_of_entry(purge, 2), digest);
  EXPECT_NE(digest_of_entry(to_json(url_purge("https://a.test/y")), 1), digest);
  EXPECT_NE(digest_of_entry("", 1), digest);
  EXPECT_EQ(parse_digest(to_text(digest)), digest);
  EXPECT_EQ(to_text(10), "1-000000000000000a");
  for (const char* other :
       {"", "1-", "1-a", "2-000000000000000a", "1-00000000000000000a", "1-000000000000000g"})
    EXPECT_FALSE(parse_digest(other)) << other;
}

// Sites choose what is done then: what is said while purges cannot be taken is no word.
TEST_F(FollowerTest, HearsNothingWhileItHasNoRoomForMorePurges) {
  make();
  open_log(R"({"log_id":"L","oldest":1,"head":9000})");
  Sequence sequence = 0;
  for (std::int64_t before = -1; before != state().heard_ms && sequence < 9000;) {
    before = state().heard_ms;
    home.advance(1ms);
    entry(++sequence);
  }
  ASSERT_LT(sequence, 9000u) << "there is room for all";
  const std::int64_t last = state().heard_ms;
  home.advance(1h);
  log().say("{\"head\":9000}\n");
  EXPECT_EQ(state().heard_ms, last);
  store.keep_all();
  log().say("{\"head\":9000}\n");
  EXPECT_GT(state().heard_ms, last);
}

TEST_F(FollowerTest, SaysNothingOfItsNumberBeforeItKnowsThatTheLogHasIt) {
  make(7, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":9})");
  entry(8);
  maker.running("POST")->fail();
  log().fail();
  home.advance(1s);
  ASSERT_TRUE(maker.running("GET"));
  store.keep_all();
  home.advance(10s);
  EXPECT_EQ(ack(), "");
  open_log(R"({"log_id":"L","oldest":1,"head":2,"reset":true})");
  EXPECT_EQ(ack(), R"({"applied":0,"log_id":"L"})");
}

TEST_F(FollowerTest, FirstStartAdoptsALogThatItCanReadFromItsBeginning) {
  make();
  EXPECT_EQ(log().url, "https://api.test/v1/log?after=0&node=edge-1");
  open_log(R"({"log_id":"L","oldest":1,"head":1})");
  ASSERT_EQ(store.ops.size(), 1u);
  EXPECT_EQ(store.ops[0].place.log_id, "L");
  EXPECT_FALSE(store.ops[0].restart);
  entry(1);
  EXPECT_EQ(ledger.epoch(), 1);
  EXPECT_EQ(ledger.verdict(kSubject, make_stamp(1, 0)), Verdict::Dead);
}

TEST_F(FollowerTest, AnEntryIsVisibleAtOnceAndAcknowledgedOnlyWhenKept) {
  make(4, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":5})");
  maker.running("POST")->answer(200);  // tells where it stands
  entry(5);
  EXPECT_EQ(ledger.verdict(kSubject, make_stamp(1, 4)), Verdict::Dead);
  EXPECT_EQ(ack(), "");
  EXPECT_FALSE(state().caught_up);
  store.keep_all();
  EXPECT_EQ(ack(), R"({"applied":5,"log_id":"L"})");
  EXPECT_TRUE(state().caught_up);
}

TEST_F(FollowerTest, OneAcknowledgementAtATimeAndAlwaysTheNewest) {
  make(0, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":3})");
  const auto first = maker.running("POST");
  for (Sequence n : {1, 2, 3}) entry(n);
  store.keep_all();
  EXPECT_EQ(maker.count("POST"), 1u);
  first->answer(204);
  EXPECT_EQ(maker.count("POST"), 2u);
  EXPECT_EQ(ack(), R"({"applied":3,"log_id":"L"})");
}

TEST_F(FollowerTest, AnAcknowledgementThatFailsIsSentAgain) {
  make(7, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":7})");
  maker.running("POST")->answer(503);
  EXPECT_EQ(ack(), "");
  home.advance(2s);
  EXPECT_EQ(ack(), R"({"applied":7,"log_id":"L"})");
  maker.running("POST")->fail();
  home.advance(2s);
  EXPECT_EQ(ack(), R"({"applied":7,"log_id":"L"})");
}

TEST_F(FollowerTest, LinesMayComeInAnyPieces) {
  make(0, "L");
  log().listener->on_head({.status = 200});
  const std::string text = "{\"log_id\":\"L\",\"oldest\":1,\"head\":2}\n{\"seq\":1,\"purge\":" +
                           to_json(url_purge("https://a.test/x")) +
                           "}\n{\"seq\":2,\"purge\":" + to_json(url_purge("https://a.test/y")) + "}\n";
  for (char c : text) log().say(std::string_view(&c, 1));
  EXPECT_EQ(state().applied, 2u);
}

TEST_F(FollowerTest, AResetBeginsANewEpochAndForgetsAll) {
  make(41, "old");
  open_log(R"({"log_id":"new","oldest":9,"head":10,"reset":true})");
  EXPECT_EQ(ledger.now(), make_stamp(2, 10));
  EXPECT_EQ(ledger.verdict(kSubject, make_stamp(1, 41)), Verdict::Dead);
  ASSERT_EQ(store.ops.size(), 1u);
  EXPECT_TRUE(store.ops[0].restart);
  EXPECT_EQ(store.ops[0].place.epoch, 2);
  EXPECT_EQ(store.ops[0].place.sequence, 10u);
  EXPECT_EQ(store.ops[0].place.log_id, "new");
  EXPECT_FALSE(state().caught_up);
  entry(11);
  EXPECT_EQ(state().applied, 11u);
  store.keep_one();
  EXPECT_TRUE(state().caught_up);
  EXPECT_EQ(state().resets, 1u);
}

TEST_F(FollowerTest, WhatWasKeptBeforeAResetIsNotAcknowledgedAfterIt) {
  make(0, "old");
  open_log(R"({"log_id":"old","oldest":1,"head":500})");
  maker.running("POST")->answer(200);
  for (Sequence n = 1; n <= 3; ++n) entry(n);
  log().fail();
  home.advance(1s);
  open_log(R"({"log_id":"new","oldest":1,"head":2,"reset":true})");
  maker.running("POST")->answer(200);
  for (int i = 0; i < 3; ++i) store.keep_one();
  EXPECT_EQ(ack(), "");
  EXPECT_FALSE(state().caught_up);
  store.keep_one();
  EXPECT_EQ(ack(), R"({"applied":2,"log_id":"new"})");
}

TEST_F(FollowerTest, AHeartbeatIsAnsweredWithAnAcknowledgement) {
  make(7, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":7})");
  maker.running("POST")->answer(200);
  EXPECT_EQ(ack(), "");
  log().say("{\"head\":7}\n");
  EXPECT_EQ(ack(), R"({"applied":7,"log_id":"L"})");
}

TEST_F(FollowerTest, ATermOfTheLogBeginsAboveAGapAndPurgesNothing) {
  make(17, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":4294967297})");
  log().say("{\"seq\":4294967297,\"at\":1,\"after\":16}\n");
  EXPECT_EQ(state().applied, 4294967297u);
  EXPECT_EQ(ledger.verdict(kSubject, make_stamp(1, 17)), Verdict::Live);
  entry(4294967298);
  EXPECT_EQ(ledger.verdict(kSubject, make_stamp(1, 17)), Verdict::Dead);
  EXPECT_EQ(state().resets, 0u);
}

TEST_F(FollowerTest, ATermAfterAnEntryThatItHasNotReadIsAGap) {
  make(15, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":4294967297})");
  log().say("{\"seq\":4294967297,\"at\":1,\"after\":16}\n");
  EXPECT_EQ(state().applied, 15u);
  EXPECT_FALSE(state().connected);
}

TEST_F(FollowerTest, AsksTheNextApiWhenOneFailsAndTellsTheOneThatItReads) {
  ledger.load(1, 3, {});
  follower.emplace(home, maker, ledger, store,
                   Follower::Options{.api_url = "https://one.test/",
                                     .more_urls = {"https://two.test"},
                                     .token = "secret",
                                     .node = "edge-1",
                                     .seed = 7},
                   "L");
  follower->start();
  EXPECT_EQ(log().url, "https://one.test/v1/log?after=3&node=edge-1&log_id=L");
  log().listener->on_head({.status = 503});
  home.advance(1s);
  EXPECT_EQ(log().url, "https://two.test/v1/log?after=3&node=edge-1&log_id=L");
  open_log(R"({"log_id":"L","oldest":1,"head":3})");
  EXPECT_EQ(maker.running("POST")->url, "https://two.test/v1/nodes/edge-1/ack");
  log().fail();
  home.advance(1s);
  EXPECT_EQ(log().url, "https://one.test/v1/log?after=3&node=edge-1&log_id=L");
}

struct BadAnswer {
  const char* name;
  std::vector<std::string> lines;
};
class BadAnswerTest : public FollowerTest, public testing::WithParamInterface<BadAnswer> {};

TEST_P(BadAnswerTest, EndsTheConnectionAndIsAskedAgainFromWhatIsApplied) {
  make(4, "L");
  log().listener->on_head({.status = 200});
  for (const std::string& line : GetParam().lines) {
    ASSERT_TRUE(maker.running("GET")) << "gave up before: " << line.substr(0, 80);
    log().say(line);
  }
  EXPECT_FALSE(maker.running("GET"));
  EXPECT_FALSE(state().connected);
  EXPECT_EQ(state().applied, 4u);
  EXPECT_EQ(state().reconnects, 1u);
  home.advance(10s);
  EXPECT_EQ(log().url, "https://api.test/v1/log?after=4&node=edge-1&log_id=L");
}

constexpr const char* kGoodHead = "{\"log_id\":\"L\",\"oldest\":1,\"head\":9}\n";
INSTANTIATE_TEST_SUITE_P(
    Answers, BadAnswerTest,
    testing::Values(
        BadAnswer{"Garbage", {"hello\n"}}, BadAnswer{"NotAnObject", {"[1]\n"}},
        BadAnswer{"EntryFirst", {"{\"seq\":5,\"purge\":{\"site\":\"www\",\"everything\":true}}\n"}},
        BadAnswer{"HeadTwice", {kGoodHead, kGoodHead}},
        BadAnswer{"Gap", {kGoodHead, "{\"seq\":6,\"purge\":{\"site\":\"www\",\"everything\":true}}\n"}},
        BadAnswer{"Repeated", {kGoodHead, "{\"seq\":4,\"purge\":{\"site\":\"www\",\"everything\":true}}\n"}},
        BadAnswer{"UnknownPurge",
                  {kGoodHead, "{\"seq\":5,\"purge\":{\"site\":\"www\",\"planets\":[\"x\"]}}\n"}},
        BadAnswer{"NoPurge", {kGoodHead, "{\"seq\":5}\n"}},
        BadAnswer{"NegativeNumber", {kGoodHead, "{\"head\":-1}\n"}},
        BadAnswer{"BackwardHeartbeat", {kGoodHead, "{\"head\":3}\n"}},
        BadAnswer{"OtherLog", {"{\"log_id\":\"M\",\"oldest\":1,\"head\":9}\n"}},
        BadAnswer{"CutLog", {"{\"log_id\":\"L\",\"oldest\":6,\"head\":9}\n"}},
        BadAnswer{"ShorterLog", {"{\"log_id\":\"L\",\"oldest\":1,\"head\":3}\n"}},
        BadAnswer{"LongLine", {kGoodHead, std::string(9U << 20, 'x')}}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(FollowerTest, AnErrorStatusIsTriedAgain) {
  make(4, "L");
  log().answer(401);
  EXPECT_FALSE(maker.running("GET"));
  home.advance(1s);
  EXPECT_TRUE(maker.running("GET"));
}

TEST_F(FollowerTest, WaitsLongerAfterEachFailureAndNotAfterASuccess) {
  make(0, "L");
  std::vector<base::Duration> delays;
  for (int i = 0; i < 12; ++i) {
    log().fail();
    const base::Steady begin = clock.steady();
    while (!maker.running("GET")) home.advance(1ms);
    delays.push_back(clock.steady() - begin);
  }
  EXPECT_LE(delays.front(), 101ms);
  EXPECT_GE(delays.front(), 50ms);
  EXPECT_GE(delays[4], 800ms);
  for (const base::Duration& delay : delays) EXPECT_LE(delay, 10'001ms);
  EXPECT_GE(delays.back(), 5s);
  open_log(R"({"log_id":"L","oldest":1,"head":0})");
  log().say("{\"head\":0}\n");
  log().fail();
  const base::Steady begin = clock.steady();
  while (!maker.running("GET")) home.advance(1ms);
  EXPECT_LE(clock.steady() - begin, 101ms);
}

TEST_F(FollowerTest, SilenceEndsTheConnectionAndHeartbeatsKeepIt) {
  make(0, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":0})");
  for (int i = 0; i < 10; ++i) {
    home.advance(5s);
    log().say("{\"head\":0}\n");
  }
  EXPECT_TRUE(state().connected);
  EXPECT_EQ(state().heard_ms,
            std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady().time_since_epoch()).count());
  home.advance(15s);
  EXPECT_FALSE(state().connected);
  EXPECT_EQ(state().reconnects, 1u);
}

TEST_F(FollowerTest, StopsReadingWhileTheStoreLagsAndGoesOnWhenItHasCaughtUp) {
  make(0, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":10000})");
  const auto call = maker.running("GET");
  auto next = [&, n = Sequence{0}]() mutable {
    ++n;
    return call->listener->on_data("{\"seq\":" + std::to_string(n) +
                                   ",\"purge\":{\"site\":\"www\",\"tags\":[\"t\"]}}\n");
  };
  int taken = 1;
  while (next() == http::Flow::Continue) ++taken;
  EXPECT_EQ(taken, 4096);
  home.advance(60s);  // not the API's silence
  EXPECT_TRUE(state().connected);
  while (call->resumed == 0 && !store.ops.empty()) store.keep_one();
  EXPECT_EQ(call->resumed, 1);
  EXPECT_GT(store.ops.size(), 1000u);
  EXPECT_EQ(next(), http::Flow::Continue);
}

TEST_F(FollowerTest, ALineOfAKindThatIsNotKnownIsPassedOver) {
  make(4, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":5})");
  log().say("{\"later\":{\"x\":1}}\n{}\n");
  EXPECT_TRUE(state().connected);
  entry(5);
  EXPECT_EQ(state().applied, 5u);
}

TEST_F(FollowerTest, AQuestionIsHandedOnAndMovesNothing) {
  std::string asked;
  on_question = [&](std::string_view json) { asked = json; };
  make(4, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":5})");
  log().say("{\"verify\":{\"id\":\"q\"},\"head\":3}\n");
  EXPECT_EQ(asked, R"({"id":"q"})");
  EXPECT_TRUE(state().connected);
  EXPECT_EQ(state().log_head, 5u);
}

TEST_F(FollowerTest, ItsEndIsQuiet) {
  make(0, "L");
  open_log(R"({"log_id":"L","oldest":1,"head":1})");
  entry(1);
  follower.reset();
  EXPECT_FALSE(maker.running("GET"));
  EXPECT_FALSE(maker.running("POST"));
  store.keep_all();  // answers to nobody
  home.advance(60s);
  EXPECT_EQ(maker.count("GET"), 1u);
}

}  // namespace
}  // namespace purge
