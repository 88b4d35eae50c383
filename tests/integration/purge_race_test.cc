// SPDX-License-Identifier: Apache-2.0
// Purges that meet fetches on their way, with the real programs: what was asked for before the purge may be
// answered with what was there before it, what is asked for afterwards never.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/integration/purge_scene.h"

namespace harness {
namespace {

using testing::HasSubstr;
using Protocol = Request::Protocol;
using Downloads = std::vector<std::unique_ptr<Download>>;

constexpr std::uint64_t kSmall = 40'000;   // one chunk
constexpr std::uint64_t kLarge = 400'000;  // seven
constexpr std::uint64_t kGateAt = 20'000;

enum class Form { Url, Tag, Prefix, Host, Everything };
constexpr Form kForms[] = {Form::Url, Form::Tag, Form::Prefix, Form::Host, Form::Everything};
constexpr const char* kFormNames[] = {"Url", "Tag", "Prefix", "Host", "Everything"};

SeededBody version(unsigned number, std::uint64_t size) { return {number, size}; }

/// One edge for all tests of a suite; each test has a folder of URLs and a tag of its own.
class PurgeRace : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scene_ = std::make_unique<PurgeScene>();
    scene_->begin(1);
  }
  static void TearDownTestSuite() { scene_.reset(); }

  static PurgeScene& scene() { return *scene_; }
  static Origin& origin() { return scene_->origin; }
  std::string purge_of(Form form, bool soft = false) const {
    std::string json = R"({"site":"www",)";
    switch (form) {
      case Form::Url: json += "\"urls\":[\"https://www.test" + path + "\"]"; break;
      case Form::Tag: json += "\"tags\":[\"" + tag + "\"]"; break;
      case Form::Prefix: json += "\"prefixes\":[\"https://www.test" + folder + "\"]"; break;
      case Form::Host: json += R"("hosts":["www.test"])"; break;
      case Form::Everything: json += R"("everything":true)"; break;
    }
    return json + (soft ? ",\"soft\":true}" : "}");
  }
  /// The origin's answers in turn; `script` completes each by its number, from 1.
  void answer(std::function<void(unsigned number, Reply&)> script) {
    auto times = std::make_shared<std::atomic<unsigned>>(0);
    origin().answer(path, [headers = headers, script = std::move(script), times](const Seen&) {
      Reply reply{.headers = headers, .gate_at = kGateAt};
      script(++*times, reply);
      return reply;
    });
  }
  /// If-None-Match of each request that the origin has seen.
  std::vector<std::string> validators() const {
    std::vector<std::string> found;
    for (const Seen& seen : origin().seen()) {
      if (seen.target == path) found.push_back(seen.header("if-none-match"));
    }
    return found;
  }
  static void expect_all(const Downloads& downloads, const SeededBody& body) {
    for (const auto& download : downloads) {
      const Response response = download->result();
      EXPECT_TRUE(response.ok()) << response.error << response.status;
      EXPECT_EQ(response.sha256, body.sha256());
    }
  }

  const std::string number = std::to_string(++tests_);
  const std::string folder = "/news-" + number + "/";
  const std::string path = folder + "today.html";
  const std::string tag = "breaking-" + number;
  // The tags are known from the response only.
  Headers headers{{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "front " + tag}};
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();

 private:
  static inline std::unique_ptr<PurgeScene> scene_{};
  static inline unsigned tests_ = 0;
};

enum class When { BeforeTheHead, WithinTheBody };

class FillRace : public PurgeRace, public testing::WithParamInterface<std::tuple<Form, When, std::uint64_t>> {
 protected:
  Form form() const { return std::get<0>(GetParam()); }
  bool before_head() const { return std::get<1>(GetParam()) == When::BeforeTheHead; }
  std::uint64_t size() const { return std::get<2>(GetParam()); }

  /// Two requests whose fill stands at the gate; what the origin gives later is newer.
  void ask_before() {
    answer([this](unsigned nth, Reply& reply) {
      reply.body = version(nth, size());
      if (nth == 1) (before_head() ? reply.head_gate : reply.body_gate) = gate;
    });
    before.push_back(scene().ask(path));
    before.push_back(scene().ask(path, Protocol::Http11));
    ASSERT_TRUE(wait_until([&] {
      return origin().requests(path) == 1 &&
             (before_head() || (before[0]->received() == kGateAt && before[1]->received() == kGateAt));
    }));
  }

  Downloads before{};
};

TEST_P(FillRace, ItsBytesGoToThoseWhoAskedBeforeThePurgeAndToNobodyAfter) {
  ASSERT_NO_FATAL_FAILURE(ask_before());
  const std::uint64_t sequence = scene().purge(purge_of(form()));
  Downloads after;
  for (const Protocol protocol : {Protocol::Http2, Protocol::Http11, Protocol::Http2}) {
    after.push_back(scene().ask(path, protocol));
  }
  // A tag that the edge cannot know yet is the only thing worth waiting for.
  if (form() != Form::Tag || !before_head()) {
    for (const auto& download : after) {
      EXPECT_TRUE(wait_until([&] { return download->done(); })) << "waits for the fill that was purged";
    }
    EXPECT_EQ(origin().requests(path), 2U);
  }
  gate->open();
  expect_all(before, version(1, size()));
  expect_all(after, version(2, size()));

  // What came after the purge is cached, and the fill that ended later has not taken its place.
  ASSERT_TRUE(scene().settled());
  const Response again = scene().get(path);
  EXPECT_TRUE(is_hit(again)) << again.header("cache-status");
  EXPECT_EQ(again.sha256, version(2, size()).sha256());
  EXPECT_EQ(origin().requests(path), 2U);
  EXPECT_THAT(scene().inspect(path), HasSubstr("\"fill_sequence\":" + std::to_string(sequence)));
}

TEST_P(FillRace, NoTierKeepsWhatWasPurgedOnItsWay) {
  ASSERT_NO_FATAL_FAILURE(ask_before());
  scene().purge(purge_of(form()));
  gate->open();
  expect_all(before, version(1, size()));
  ASSERT_TRUE(scene().settled());
  const std::string kept = scene().inspect(path);
  EXPECT_THAT(kept, HasSubstr("\"memory\":false"));
  EXPECT_THAT(kept, HasSubstr("\"disk\":false"));
}

std::string fill_name(const testing::TestParamInfo<FillRace::ParamType>& test) {
  const auto& [form, when, size] = test.param;
  return std::string(kFormNames[static_cast<std::size_t>(form)]) +
         (when == When::BeforeTheHead ? "BeforeTheHead" : "WithinTheBody") +
         (size == kSmall ? "Small" : "Large");
}

INSTANTIATE_TEST_SUITE_P(Purges, FillRace,
                         testing::Combine(testing::ValuesIn(kForms),
                                          testing::Values(When::BeforeTheHead, When::WithinTheBody),
                                          testing::Values(kSmall, kLarge)),
                         fill_name);

class RevalidationRace : public PurgeRace, public testing::WithParamInterface<Form> {};

TEST_P(RevalidationRace, TheConfirmedCopyGoesToThoseWhoAskedBeforeThePurgeAndToNobodyAfter) {
  // Stale as it comes; confirmed once, behind the gate; then there is a new version.
  answer([this](unsigned nth, Reply& reply) {
    reply.body = version(nth > 2 ? 2 : 1, kSmall);
    reply.etag = nth > 2 ? "\"v2\"" : "\"v1\"";
    if (nth == 1) reply.headers.emplace_back("Age", "3601");
    if (nth == 2) reply.head_gate = gate;
  });
  EXPECT_EQ(scene().get(path).sha256, version(1, kSmall).sha256());
  Downloads before;
  before.push_back(scene().ask(path));
  before.push_back(scene().ask(path, Protocol::Http11));
  ASSERT_TRUE(wait_until([&] { return origin().requests(path) == 2; }));
  scene().purge(purge_of(GetParam()));
  Downloads after;
  after.push_back(scene().ask(path));
  after.push_back(scene().ask(path, Protocol::Http11));
  gate->open();
  expect_all(before, version(1, kSmall));
  expect_all(after, version(2, kSmall));
  ASSERT_TRUE(scene().settled());
  const Response again = scene().get(path);
  EXPECT_TRUE(is_hit(again)) << again.header("cache-status");
  EXPECT_EQ(again.sha256, version(2, kSmall).sha256());
  // The purged copy is not even asked about.
  EXPECT_EQ(validators(), (std::vector<std::string>{"", "\"v1\"", ""}));
}

INSTANTIATE_TEST_SUITE_P(Purges, RevalidationRace, testing::ValuesIn(kForms), [](const auto& test) {
  return std::string(kFormNames[static_cast<std::size_t>(test.param)]);
});

TEST_F(PurgeRace, ATagThatOnlyThe304NamesCountsToo) {
  headers = {{"Cache-Control", "max-age=60"}};
  answer([this](unsigned nth, Reply& reply) {
    reply.body = version(nth > 2 ? 2 : 1, kSmall);
    if (nth < 3) reply.etag = "\"v1\"";
    if (nth == 1) reply.headers.emplace_back("Age", "61");
    if (nth > 1) reply.headers.emplace_back("Surrogate-Key", tag);
    if (nth == 2) reply.head_gate = gate;
  });
  EXPECT_EQ(scene().get(path).sha256, version(1, kSmall).sha256());
  Downloads before;
  before.push_back(scene().ask(path));
  ASSERT_TRUE(wait_until([&] { return origin().requests(path) == 2; }));
  scene().purge(purge_of(Form::Tag));
  Downloads after;
  after.push_back(scene().ask(path));
  gate->open();
  expect_all(before, version(1, kSmall));
  expect_all(after, version(2, kSmall));
  EXPECT_EQ(origin().requests(path), 3U);
}

TEST_F(PurgeRace, ASoftPurgeLeavesACopyToBeValidated) {
  answer([](unsigned, Reply& reply) {
    reply.body = version(1, kLarge);
    reply.etag = "\"v1\"";
  });
  scene().get(path);
  ASSERT_TRUE(scene().settled());
  EXPECT_TRUE(is_hit(scene().get(path)));
  const std::uint64_t sent = origin().body_bytes_sent();
  scene().purge(purge_of(Form::Tag, true));
  EXPECT_THAT(scene().inspect(path), HasSubstr("\"verdict\":\"stale\""));
  const Response validated = scene().get(path);
  EXPECT_EQ(validated.sha256, version(1, kLarge).sha256());
  EXPECT_THAT(validated.header("cache-status"), HasSubstr("fwd-status=304"));
  EXPECT_TRUE(is_hit(scene().get(path)));
  EXPECT_EQ(validators(), (std::vector<std::string>{"", "\"v1\""}));
  EXPECT_EQ(origin().body_bytes_sent(), sent) << "the body was sent again";
}

TEST_F(PurgeRace, ASoftPurgedCopyIsServedWhileItIsValidated) {
  headers = {{"Cache-Control", "max-age=3600, stale-while-revalidate=3600"}, {"Surrogate-Key", tag}};
  answer([this](unsigned nth, Reply& reply) {
    reply.body = version(nth, kSmall);
    if (nth == 2) reply.head_gate = gate;
  });
  scene().get(path);
  ASSERT_TRUE(scene().settled());
  scene().purge(purge_of(Form::Url, true));
  for (int i = 0; i < 3; ++i) {
    const Response stale = scene().get(path);
    EXPECT_EQ(stale.sha256, version(1, kSmall).sha256());
    EXPECT_THAT(stale.header("cache-status"), HasSubstr("ttl=0")) << "its time is over, whatever max-age says";
  }
  EXPECT_TRUE(wait_until([&] { return origin().requests(path) == 2; }));
  gate->open();
  ASSERT_TRUE(scene().settled());
  const Response renewed = scene().get(path);
  EXPECT_TRUE(is_hit(renewed));
  EXPECT_EQ(renewed.sha256, version(2, kSmall).sha256());
  EXPECT_EQ(origin().requests(path), 2U);
  // A hard purge ends that.
  scene().purge(purge_of(Form::Url));
  EXPECT_EQ(scene().get(path).sha256, version(3, kSmall).sha256());
}

TEST_F(PurgeRace, WhatASoftPurgeMetOnItsWayIsValidatedBeforeItIsUsed) {
  answer([this](unsigned nth, Reply& reply) {
    reply.body = version(1, kSmall);
    reply.etag = "\"v1\"";
    if (nth == 1) reply.body_gate = gate;
  });
  Downloads before;
  before.push_back(scene().ask(path));
  ASSERT_TRUE(wait_until([&] { return before[0]->received() == kGateAt; }));
  scene().purge(purge_of(Form::Tag, true));
  gate->open();
  expect_all(before, version(1, kSmall));
  ASSERT_TRUE(scene().settled());
  const Response after = scene().get(path);
  EXPECT_EQ(after.sha256, version(1, kSmall).sha256());
  EXPECT_THAT(after.header("cache-status"), HasSubstr("fwd-status=304"));
}

}  // namespace
}  // namespace harness
