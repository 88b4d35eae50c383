// SPDX-License-Identifier: Apache-2.0
#include "purge/server/audit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/unit/purgeapi/service_rig.h"

namespace purgeapi {
namespace {

using nlohmann::json;

class AuditTest : public testing::Test {
 protected:
  std::string config(const std::string& name) const { return "[audit]\nfile = \"" + name + "\"\n"; }
  std::vector<json> lines(const std::string& name) const {
    std::ifstream in(name);
    std::vector<json> all;
    for (std::string line; std::getline(in, line);) all.push_back(json::parse(line, nullptr, false));
    return all;
  }
  std::vector<json> waited(const std::string& name, std::size_t count) const {
    EXPECT_TRUE(support::wait_until([&] { return lines(name).size() >= count; }));
    return lines(name);
  }
  support::TempFolder folder;
  std::string file = folder / "audit.log";
};

TEST(UtcTextTest, HasMilliseconds) {
  EXPECT_EQ(utc_text(base::Wall(std::chrono::milliseconds(1'764'473'101'023))), "2025-11-30T03:25:01.023Z");
}

TEST_F(AuditTest, TellsWhoPurgedWhatAndWhoWasRefused) {
  const RunningService service(folder.path(), config(file));
  ASSERT_EQ(service.purge("", "news").status, 202);
  ASSERT_EQ(ask(service.url("/v1/purges"), {.token = "guess", .body = "{}"}).status, 401);
  ASSERT_EQ(
      ask(service.url("/v1/purges"), {.token = "purger", .body = R"({"site":"shop","everything":true})"})
          .status,
      403);
  ASSERT_EQ(ask(service.url("/v1/purges"), {.token = "purger", .body = "no"}).status, 400);
  ASSERT_EQ(ask(service.url("/v1/purges/99"), {.token = "reader"}).status, 404) << "a look is not audited";
  const auto all = waited(file, 4);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0]["outcome"], "accepted");
  EXPECT_EQ(all[0]["by"], "purger");
  EXPECT_EQ(all[0]["from"], "127.0.0.1");
  EXPECT_EQ(all[0]["api"], "selvage");
  EXPECT_EQ(all[0]["sequences"], json::array({1}));
  EXPECT_EQ(all[0]["purges"], json::parse(R"([{"site":"www","tags":["news"]}])"));
  EXPECT_FALSE(all[1].contains("by"));
  EXPECT_EQ(all[1]["status"], 401);
  EXPECT_EQ(all[1]["method"], "POST");
  EXPECT_EQ(all[1]["target"], "/v1/purges");
  EXPECT_EQ(all[2]["outcome"], "refused");
  EXPECT_EQ(all[2]["by"], "purger");
  EXPECT_EQ(all[2]["status"], 403);
  EXPECT_EQ(all[3]["status"], 400);
}

TEST_F(AuditTest, KeepsTheBeginOfALongTarget) {
  const RunningService service(folder.path(), config(file));
  ASSERT_EQ(ask(service.url("/v1/" + std::string(2000, 'x')), {.token = "guess"}).status, 401);
  EXPECT_EQ(waited(file, 1).at(0)["target"], "/v1/" + std::string(508, 'x'));
}

TEST_F(AuditTest, GoesOnInANewFileAfterSighup) {
  RunningService service(folder.path(), config(file));
  ASSERT_EQ(service.purge().status, 202);
  ASSERT_EQ(waited(file, 1).size(), 1u);
  std::filesystem::rename(file, file + ".1");
  service.signal(SIGHUP);
  ASSERT_TRUE(support::wait_until([&] { return std::filesystem::exists(file); }));
  ASSERT_EQ(service.purge().status, 202);
  EXPECT_EQ(waited(file, 1)[0]["sequences"], json::array({2}));
  EXPECT_EQ(lines(file + ".1").size(), 1u);
}

}  // namespace
}  // namespace purgeapi
