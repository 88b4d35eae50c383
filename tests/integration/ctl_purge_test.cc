// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/ctl_rig.h"
#include "tests/support/own_port.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// selvagectl against a purge API and an edge that follows it. The edge's sites: www for www.test, other for
/// b.www.test.
class CtlPurge : public testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = std::make_unique<World>(); }
  static void TearDownTestSuite() { world_.reset(); }

  struct World {
    World();
    TempFolder folder{};
    Certificates certificates{folder.path()};
    Origin origin{};
    PurgeApi api{certificates, folder / "purge"};
    std::unique_ptr<Edge> edge{};
  };

  CtlPurge() {
    ctl.environment = {{"SELVAGE_TOKEN", "operator-secret"},
                       {"SELVAGE_API", api().url() + "/"},
                       {"SELVAGE_CA", world_->certificates.ca_file()}};
  }

  Origin& origin() { return world_->origin; }
  PurgeApi& api() { return world_->api; }
  Edge& edge() { return *world_->edge; }

  Response get(const std::string& host, const std::string& path, Headers headers = {}) {
    Client client(
        {.ca_file = world_->certificates.ca_file(), .connect_to = {{host + ":443", edge().https_address()}}});
    return client.get("https://" + host + path, std::move(headers));
  }
  bool cached(const std::string& host, const std::string& path) {
    return wait_until(
        [&] { return get(host, path).header("cache-status").find("hit") != std::string::npos; });
  }
  CtlRig::Ran inspect(const std::string& url, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"inspect", "--admin", edge().admin_url(), url};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ctl.run(std::move(arguments));
  }

  CtlRig ctl{world_->folder / "ctl"};
  static std::unique_ptr<World> world_;
};

std::unique_ptr<CtlPurge::World> CtlPurge::world_;

CtlPurge::World::World() {
  origin.answer_all([](const Seen& seen) {
    Headers headers{{"Cache-Control", "max-age=3600"}, {"Surrogate-Key", "all " + seen.target.substr(1)}};
    std::string body = seen.target;
    if (seen.target.starts_with("/vary")) {
      headers.emplace_back("Vary", "Accept-Language");
      body += " " + seen.header("accept-language");
    }
    return Reply{.headers = std::move(headers), .body = std::move(body)};
  });
  if (!api.start()) ADD_FAILURE() << api.output();
  edge = std::make_unique<Edge>(
      certificates, folder / "edge",
      Edge::Options{.origin = origin.url(),
                    .purge_url = api.url(),
                    .extra = "[[site]]\nname = \"other\"\nhosts = [\"b.www.test\"]\norigin = \"main\"\n"});
  if (!edge->start() || !edge->wait_ready()) ADD_FAILURE() << edge->output();
}

/// What to purge, what it hits and what it leaves.
struct Form {
  std::string name{};
  std::vector<std::string> arguments{};
  std::vector<std::pair<std::string, std::string>> hit{};
  std::vector<std::pair<std::string, std::string>> left{};
};
void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

class CtlPurgeForm : public CtlPurge, public testing::WithParamInterface<Form> {};

TEST_P(CtlPurgeForm, IsAppliedWhenTheCommandReturns) {
  const Form& form = GetParam();
  for (const auto& list : {form.hit, form.left}) {
    for (const auto& [host, path] : list) EXPECT_TRUE(cached(host, path)) << host << path;
  }
  std::vector<std::string> arguments{"purge", "--wait", "20s", "--json"};
  arguments.insert(arguments.end(), form.arguments.begin(), form.arguments.end());
  const auto ran = ctl.run(arguments);
  EXPECT_EQ(ran.code, kDone) << ran.err;
  const auto json = ran.json();
  ASSERT_TRUE(json.is_object()) << ran.out;
  EXPECT_GT(json["sequence"], 0);
  EXPECT_THAT(json["pending"], IsEmpty());
  ASSERT_EQ(json["nodes"].size(), 1U);
  EXPECT_EQ(json["nodes"][0]["node"], "edge-1");
  for (const auto& [host, path] : form.hit) {
    const std::size_t before = origin().requests(path);
    EXPECT_THAT(get(host, path).header("cache-status"), testing::Not(HasSubstr("hit"))) << host << path;
    EXPECT_EQ(origin().requests(path), before + 1) << host << path;
  }
  for (const auto& [host, path] : form.left) {
    EXPECT_THAT(get(host, path).header("cache-status"), HasSubstr("hit")) << host << path;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CtlPurgeForm,
                         testing::Values(Form{"Urls",
                                              {"--site", "www", "--url", "https://www.test/a/1",
                                               "https://www.test/a/2"},
                                              {{"www.test", "/a/1"}, {"www.test", "/a/2"}},
                                              {{"www.test", "/a/3"}, {"b.www.test", "/a/1"}}},
                                         Form{"Tags",
                                              {"--site", "www", "--tag", "b/1", "--tag", "b/2"},
                                              {{"www.test", "/b/1"}, {"www.test", "/b/2"}},
                                              {{"www.test", "/b/3"}, {"b.www.test", "/b/1"}}},
                                         Form{"Prefixes",
                                              {"--site", "www", "--prefix", "www.test/c/deep"},
                                              {{"www.test", "/c/deep/1"}, {"www.test", "/c/deep/er/2"}},
                                              {{"www.test", "/c/deeper"}, {"www.test", "/c/1"}}},
                                         Form{"Hosts",
                                              {"--site", "other", "--host", "b.www.test"},
                                              {{"b.www.test", "/d/1"}},
                                              {{"www.test", "/d/1"}}},
                                         Form{"Wildcards",
                                              {"--site", "www", "--wildcard", "www.test/f/*.png"},
                                              {{"www.test", "/f/1.png"}, {"www.test", "/f/2/3.png"}},
                                              {{"www.test", "/f/1.jpg"}, {"b.www.test", "/f/1.png"}}},
                                         Form{"TagsInAnyCase",
                                              {"--site", "www", "--tag", "G/1", "--ignore-case"},
                                              {{"www.test", "/g/1"}},
                                              {{"www.test", "/g/2"}}},
                                         Form{"Everything",
                                              {"--site", "www", "--everything"},
                                              {{"www.test", "/e/1"}, {"www.test", "/e/2"}},
                                              {{"b.www.test", "/e/1"}}}),
                         [](const auto& tested) { return tested.param.name; });

TEST_F(CtlPurge, TellsPeopleWhoHasAppliedIt) {
  const auto ran = ctl.run({"purge", "--site", "www", "--tag", "x", "--wait", "20s"});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_THAT(ran.out, testing::MatchesRegex("purge [0-9]+ accepted\n  edge-1 applied after [0-9]+ ms, at "
                                             "[0-9-]+T[0-9:]+\\.[0-9]+Z\n"));
  EXPECT_THAT(ctl.run({"purge", "--site", "www", "--tag", "x"}).out,
              testing::MatchesRegex("purge [0-9]+ accepted\n"));
}

TEST_F(CtlPurge, IsOnePurgeUnderOneIdempotencyKey) {
  const std::vector<std::string> purge{"purge", "--site", "www", "--tag", "x", "--idempotency-key",
                                       "job-7", "--json"};
  const auto first = ctl.run(purge).json()["sequence"];
  EXPECT_EQ(ctl.run(purge).json()["sequence"], first);
}

TEST_F(CtlPurge, VerifiesWhatIsHeld) {
  ASSERT_TRUE(cached("www.test", "/verified"));
  const std::vector<std::string> verify{"verify", "--site", "www", "https://www.test/verified"};
  const auto before = ctl.run(verify);
  EXPECT_EQ(before.code, kDone) << before.err;
  EXPECT_THAT(before.out,
              testing::MatchesRegex("edge-1: holds [12], of them dead 0, soft-purged 0, stale 0\n"));
  ASSERT_EQ(ctl.run({"purge", "--site", "www", "--url", "https://www.test/verified", "--wait", "20s"}).code,
            kDone);
  const auto after = ctl.run(verify);
  EXPECT_EQ(after.code, kDone) << after.err;
  EXPECT_THAT(after.out,
              testing::MatchesRegex("edge-1: holds [12], of them dead [12], soft-purged 0, stale 0\n"));
  edge().process().signal(SIGSTOP);
  const auto silent = ctl.run(verify);
  edge().process().signal(SIGCONT);
  EXPECT_EQ(silent.code, kNotYet);
  EXPECT_THAT(silent.out, HasSubstr("edge-1 has not answered\n"));
}

TEST_F(CtlPurge, SoftLeavesStaleCopies) {
  ASSERT_TRUE(cached("www.test", "/soft"));
  EXPECT_EQ(
      ctl.run({"purge", "--site", "www", "--url", "https://www.test/soft", "--soft", "--wait", "20s"}).code,
      kDone);
  EXPECT_EQ(inspect("https://www.test/soft", {"--json"}).json()["objects"][0]["verdict"], "stale");
  EXPECT_THAT(ctl.run({"verify", "--site", "www", "https://www.test/soft"}).out,
              testing::MatchesRegex("edge-1: holds [12], of them dead 0, soft-purged [12], stale 0\n"));
}

TEST_F(CtlPurge, SaysSoWhenANodeHasNotAppliedItInTime) {
  edge().process().signal(SIGSTOP);
  const auto late = ctl.run({"purge", "--site", "www", "--tag", "x", "--wait", "300ms"});
  const auto late_json = ctl.run({"purge", "--site", "www", "--tag", "x", "--wait", "300ms", "--json"});
  edge().process().signal(SIGCONT);
  EXPECT_EQ(late.code, kNotYet);
  EXPECT_THAT(late.out, HasSubstr("  edge-1 has not applied it yet\n"));
  EXPECT_EQ(late_json.code, kNotYet);
  EXPECT_EQ(late_json.json()["pending"], nlohmann::json::array({"edge-1"}));
}

TEST_F(CtlPurge, RefusalsAreToldWithTheirReason) {
  const std::vector<std::string> purge{"purge", "--site", "www", "--everything"};
  ctl.environment["SELVAGE_TOKEN"] = "node-secret";
  const auto forbidden = ctl.run(purge);
  EXPECT_EQ(forbidden.code, kFailed);
  EXPECT_THAT(forbidden.err, HasSubstr("selvagectl: purge: answered 403: "));
  EXPECT_THAT(forbidden.err, HasSubstr("roles"));
  ctl.environment["SELVAGE_TOKEN"] = "wrong";
  const auto unknown = ctl.run(purge);
  EXPECT_EQ(unknown.code, kFailed);
  EXPECT_THAT(unknown.err, HasSubstr("answered 401: "));
  EXPECT_THAT(unknown.out, IsEmpty());
  EXPECT_EQ(ctl.run({"nodes"}).code, kFailed);
}

TEST_F(CtlPurge, NoAnswerIsToldApartFromARefusal) {
  const support::OwnPort nobody;
  ctl.environment["SELVAGE_API"] = "https://127.0.0.1:" + std::to_string(nobody.number());
  const auto down = ctl.run({"purge", "--site", "www", "--everything"});
  EXPECT_EQ(down.code, kUnreachable);
  EXPECT_THAT(down.err, HasSubstr("connect"));
  ctl.environment["SELVAGE_API"] = api().url();
  ctl.environment.erase("SELVAGE_CA");
  const auto distrusted = ctl.run({"nodes"});
  EXPECT_EQ(distrusted.code, kUnreachable);
  EXPECT_THAT(distrusted.err, HasSubstr("certificate"));
  EXPECT_EQ(ctl.run({"nodes", "--insecure"}).code, kDone);
}

TEST_F(CtlPurge, WrongArgumentsAreNamed) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"purge", "--site", "www"},
                                             {"purge", "--site", "www", "--everything", "--tag", "x"},
                                             {"purge", "--everything"},
                                             {"purge", "--site", "www", "--everything", "--wait", "soon"},
                                             {"nodes", "--pretty"},
                                             {"inspect"},
                                             {"inspect", "https://www.test/", "--variant", "no colon"}}) {
    const auto ran = ctl.run(wrong);
    EXPECT_EQ(ran.code, kUsage) << testing::PrintToString(wrong);
    EXPECT_THAT(ran.err, testing::Not(IsEmpty())) << testing::PrintToString(wrong);
  }
}

TEST_F(CtlPurge, NodesListsThoseThatFollow) {
  const auto ran = ctl.run({"nodes"});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_THAT(ran.out, testing::MatchesRegex("log head [0-9]+\nedge-1  live  applied [0-9]+  behind 0\n"));
  const auto json = ctl.run({"nodes", "--json"}).json();
  ASSERT_EQ(json["nodes"].size(), 1U);
  EXPECT_EQ(json["nodes"][0]["node"], "edge-1");
  EXPECT_EQ(json["nodes"][0]["live"], true);
}

TEST_F(CtlPurge, NodesRetiresOneThatIsGone) {
  EXPECT_EQ(ctl.run({"nodes", "--retire", "edge-9"}).code, kFailed);
  const auto follows = ctl.run({"nodes", "--retire", "edge-1"});
  EXPECT_EQ(follows.code, kFailed);
  EXPECT_THAT(follows.err, HasSubstr("stop it first"));
  {
    Edge second(world_->certificates, world_->folder / "second",
                {.node = "edge-2", .origin = origin().url(), .purge_url = api().url()});
    ASSERT_TRUE(second.start()) << second.output();
    ASSERT_TRUE(wait_until([&] { return ctl.run({"nodes"}).out.find("edge-2  live") != std::string::npos; }));
  }
  CtlRig::Ran retired;
  EXPECT_TRUE(wait_until([&] { return (retired = ctl.run({"nodes", "--retire", "edge-2"})).code == kDone; }));
  EXPECT_EQ(retired.out, "edge-2 is no longer waited for\n");
  EXPECT_EQ(ctl.run({"nodes", "--json"}).json()["nodes"].size(), 1U);
}

TEST_F(CtlPurge, InspectTellsWhichTierHasIt) {
  const std::string url = "https://www.test/inspected";
  EXPECT_EQ(inspect(url).out, "www.test/inspected: memory no, disk no\n");
  get("www.test", "/inspected");
  EXPECT_TRUE(
      wait_until([&] { return inspect(url).out.starts_with("www.test/inspected: memory yes, disk yes\n"); }));
  const auto warm = inspect(url).out;
  for (const char* part : {"  status: 200\n", "  body_bytes: 10\n", "  tags: [\"all\",\"inspected\"]\n",
                           "  verdict: live\n", "  ttl: 3"}) {
    EXPECT_THAT(warm, HasSubstr(part));
  }
  edge().process().stop();
  ASSERT_TRUE(edge().start() && edge().wait_ready()) << edge().output();
  const auto json = inspect(url, {"--json"}).json();
  EXPECT_EQ(json["memory"], false);
  EXPECT_EQ(json["disk"], true);
  ASSERT_EQ(json["objects"].size(), 1U);
  EXPECT_EQ(json["objects"][0]["tags"], nlohmann::json::array({"all", "inspected"}));
  EXPECT_TRUE(json["objects"][0]["fill_sequence"].is_number());
}

TEST_F(CtlPurge, InspectFindsTheVariantAskedFor) {
  get("www.test", "/vary", {{"Accept-Language", "de"}});
  const auto found = [&](const char* language) {
    return !inspect("https://www.test/vary",
                    {"--json", "--variant", std::string("accept-language: ") + language})
                .json()["objects"]
                .empty();
  };
  EXPECT_TRUE(wait_until([&] { return found("de"); }));
  EXPECT_FALSE(found("fr"));
}

TEST_F(CtlPurge, InspectRefusesWhatIsNoUrlOfTheEdge) {
  const auto stranger = inspect("https://elsewhere.test/");
  EXPECT_EQ(stranger.code, kFailed);
  EXPECT_THAT(stranger.err, HasSubstr("no site here is called"));
  EXPECT_EQ(inspect("/path").code, kFailed);
  EXPECT_EQ(ctl.run({"inspect", "--admin", "http://127.0.0.1:" + std::to_string(support::OwnPort().number()),
                     "https://www.test/"})
                .code,
            kUnreachable);
}

}  // namespace
}  // namespace harness
