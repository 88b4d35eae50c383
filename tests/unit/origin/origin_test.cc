// SPDX-License-Identifier: Apache-2.0
#include "origin/server/origin.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "origin/server/file_pool.h"
#include "tests/support/raw_server.h"
#include "tests/support/wait_until.h"
#include "tests/unit/origin/origin_rig.h"

namespace origin {
namespace {

std::string admin_url(OriginRig& rig, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(rig.origin().admin_port()) + path;
}

TEST(Origin, ReloadChangesRulesForNewRequests) {
  OriginRig rig("[[rule]]\npath = \"*.css\"\ncache_control = \"max-age=60\"\nsurrogate_key = \"styles\"");
  rig.write("a.css", "x");
  const auto before = rig.get("/a.css");
  EXPECT_EQ(before->head->fields.get("cache-control"), "max-age=60");
  EXPECT_EQ(before->head->fields.get("surrogate-key"), "styles");
  const ConfigFile changed =
      ConfigFile::parse(rig.config_text("[[rule]]\npath = \"*\"\ncache_control = \"max-age=5\""), "t");
  ASSERT_TRUE(rig.origin().reload(changed.config()));
  EXPECT_TRUE(rig.client().run_until(
      [&] { return rig.get("/a.css")->head->fields.get("cache-control") == "max-age=5"; }));
}

TEST(Origin, ReloadRefusesWhatNeedsARestart) {
  OriginRig rig;
  const ConfigFile changed = ConfigFile::parse(rig.config_text("", 1), "t");
  ASSERT_TRUE(changed.faults().empty());
  const auto refused = rig.origin().reload(changed.config());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("restart"), std::string::npos);
}

TEST(Origin, AdminTellsHealthReadinessAndMetrics) {
  OriginRig rig;
  rig.write("a", "x");
  rig.get("/a");
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/healthz")))->body, "ok\n");
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/readyz")))->head->status, 200);
  ASSERT_TRUE(rig.client().run_until([&] {
    const auto metrics = rig.ask(support::get(admin_url(rig, "/metrics")));
    return metrics->body.find("selvage_origin_responses_total{class=\"2xx\"} 1") != std::string::npos;
  }));
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/")))->head->status, 404);
}

TEST(Origin, DrainFinishesWhatRuns) {
  OriginRig rig;
  const std::string content(8 << 20, 'a');
  rig.write("file.bin", content);
  support::Recorder slow;
  slow.when_data = [](std::string_view) { return http::Flow::Pause; };
  const auto exchange = rig.client().client().start(support::get(rig.url("/file.bin")), slow);
  ASSERT_TRUE(rig.client().run_until([&] { return !slow.body.empty(); }));
  bool drained = false;
  rig.origin().drain([&] { drained = true; });
  EXPECT_EQ(rig.ask(support::get(admin_url(rig, "/readyz")))->head->status, 503);
  EXPECT_FALSE(drained);
  slow.when_data = {};
  exchange->resume();
  ASSERT_TRUE(rig.client().run_until([&] { return drained && slow.ended; }));
  EXPECT_FALSE(slow.error);
  EXPECT_TRUE(slow.body == content);
}

/// Holds up one thread of a pool for each time that it is submitted, until it is told otherwise.
class Hold {
 public:
  void submit(FilePool& pool) {
    pool.submit([over = over_] { over.wait(); });
  }
  void end() { promise_.set_value(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> over_ = promise_.get_future().share();
};

bool has_thread(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream in(task.path() / "comm");
    std::string found;
    if (std::getline(in, found) && found == name) return true;
  }
  return false;
}

TEST(Origin, DownloadsDoNotWaitForChanges) {
  OriginRig rig("change_threads = 2");
  rig.write("a", "x");
  Hold hold;
  for (int i = 0; i < 2; ++i) hold.submit(rig.origin().files().changes);
  ASSERT_TRUE(rig.client().run_until([&] { return rig.origin().files().changes.waiting() == 0; }));  // both held
  support::Recorder upload;
  const auto exchange = rig.client().client().start(rig.upload("/b", "y"), upload);
  ASSERT_TRUE(rig.client().run_until([&] { return rig.origin().files().changes.waiting() == 1; }));
  EXPECT_EQ(rig.get("/a")->body, "x");
  EXPECT_FALSE(upload.ended);
  hold.end();
  ASSERT_TRUE(rig.client().run_until([&] { return upload.ended; }));
  EXPECT_EQ(rig.get("/b")->body, "y");
}

TEST(Origin, EndsWhileItsFileThreadsWork) {
  OriginRig rig("io_threads = 1", 1);
  rig.write("a", "x");
  Hold hold;
  hold.submit(rig.origin().files().reads);
  ASSERT_TRUE(rig.client().run_until([&] { return rig.origin().files().reads.waiting() == 0; }));  // it is held
  constexpr std::size_t kReads = 30;
  std::vector<support::Recorder> answers(kReads);
  std::vector<std::unique_ptr<http::Exchange>> exchanges;
  for (support::Recorder& answer : answers) {
    exchanges.push_back(rig.client().client().start(support::get(rig.url("/a")), answer));
  }
  ASSERT_TRUE(rig.client().run_until([&] { return rig.origin().files().reads.waiting() == kReads; }));
  exchanges.clear();
  // The reads are done, and answered to the loop, when its thread is gone.
  std::thread later([&hold] {
    EXPECT_TRUE(support::wait_until([] { return !has_thread("origin-0"); }));
    hold.end();
  });
  rig.end_origin();
  later.join();
}

TEST(Origin, PortInUseIsAFaultOfItsLine) {
  const support::RawServer other([](support::RawPeer&, int) {});
  const support::TempFolder folder;
  const std::string text =
      "workers = 1\n[[listener]]\naddress = \"127.0.0.1:" + std::to_string(other.port()) +
      "\"\n[content]\nroot = \"" + folder.path() + "\"\n[log]\naccess = \"\"\n";
  EXPECT_TRUE(ConfigFile::parse(text, "test.toml").faults().empty());
  const ConfigFile file = ConfigFile::parse(text, "test.toml", Reading::Start);
  ASSERT_EQ(file.faults().size(), 1u);
  EXPECT_EQ(file.faults()[0].line, 3);
}

TEST(Config, EveryFaultIsFoundInOnePass) {
  const ConfigFile file = ConfigFile::parse(
      "[[listener]]\naddress = \"127.0.0.1:0\"\ntls = true\n[content]\nroot = \"/nonexistent\"\nmax_upload = "
      "\"big\"\n"
      "[[rule]]\npath = \"x\"\n[[rule]]\npath = \"/x\"\nheaders = { \"Content-Length\" = \"1\" }\n"
      "[[token]]\nname = \"a\"\nsha256 = \"12\"\n[nonsense]\nx = 1\n",
      "test.toml");
  std::string all;
  for (const base::Fault& fault : file.faults()) all += fault.str() + "\n";
  for (const char* part :
       {"[tls]", "content.root", "max_upload", "path", "Content-Length", "sha256", "nonsense"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << " in\n" << all;
  }
}

}  // namespace
}  // namespace origin
