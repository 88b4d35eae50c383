// SPDX-License-Identifier: Apache-2.0
// What is uploaded to selvage-origin with selvagectl or curl comes back byte for byte through selvage-edge,
// whoever asks: programs that share no code with either.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "edge/base/file.h"
#include "tests/integration/harness.h"

namespace harness {
namespace {

using testing::HasSubstr;

/// A file as it is uploaded, and where.
struct Uploaded {
  std::string file{};  ///< its path on disk
  std::string path{};  ///< of its URL
  std::uint64_t size = 0;
  std::string sha256{};
};

std::string percent_encoded(std::string_view name) {
  static constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '_')) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

class Bytes : public testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = std::make_unique<World>(); }
  static void TearDownTestSuite() { world_.reset(); }

  struct World {
    World();
    void upload();
    void run(std::vector<std::string> command);

    TempFolder folder{};
    Certificates certificates{folder.path()};
    UploadOrigin origin{folder / "origin"};
    Origin reports{};  ///< where a browser says what it got
    std::vector<Uploaded> files{};
    std::unique_ptr<Edge> edge{};
    int runs = 0;
  };

  const std::vector<Uploaded>& files() const { return world_->files; }
  std::string ca_file() const { return world_->certificates.ca_file(); }
  const TempFolder& folder() const { return world_->folder; }
  Edge& edge() { return *world_->edge; }
  Origin& reports() { return world_->reports; }

  /// Runs a program to its end; what it printed. A failure unless it ends well.
  std::string run(std::vector<std::string> command);
  /// Runs a program whose standard output alone is the body; its SHA-256.
  std::string body_of(std::vector<std::string> command);
  std::string curl(const Uploaded& file, std::vector<std::string> options, const std::string& scheme);

  static std::unique_ptr<World> world_;
};

std::unique_ptr<Bytes::World> Bytes::world_;

Bytes::World::World() {
  if (!origin.start()) ADD_FAILURE() << origin.output();
  edge = std::make_unique<Edge>(
      certificates, folder / "edge",
      Edge::Options{.origin = origin.url(),
                    .site = "scheme_in_key = false",  // asked for over both: one copy
                    .extra = "[origins.reports]\nurl = \"" + reports.url() +
                             "\"\n[[site]]\nname = \"reports\"\nhosts = [\"reports.www.test\"]\norigin = "
                             "\"reports\"\nbypass = true\n"});
  if (!edge->start()) ADD_FAILURE() << edge->output();
  reports.answer_all([](const Seen&) { return Reply{}; });
  upload();
}

void Bytes::World::run(std::vector<std::string> command) {
  Process process(std::move(command), folder / ("upload." + std::to_string(++runs)));
  EXPECT_EQ(process.wait(std::chrono::minutes(2)), 0) << process.output();
}

// Around the size of a chunk (65,504 bytes), and names that a URL cannot hold as they are.
void Bytes::World::upload() {
  const std::vector<std::pair<std::string, std::uint64_t>> wanted{
      {"empty", 0},
      {"one byte", 1},
      {"100%.bin", 65'504},
      {"a%20b+c&d=e;f'g\"h#i?j.bin", 65'505},
      {"größe-日本-🧵.bin", 5 << 20},
  };
  const std::string source = folder / "source";
  for (const char* by : {"ctl", "curl"}) std::filesystem::create_directories(source + "/" + by + "/sub dir");
  std::uint64_t seed = 0;
  for (const char* by : {"ctl", "curl"}) {
    for (const auto& [name, size] : wanted) {
      const SeededBody body(++seed, size);
      const std::string below = std::string(by) + "/sub dir/" + name;
      std::ofstream(source + "/" + below, std::ios::binary) << body.text();
      const std::string path = "/" + std::string(by) + "/sub%20dir/" + percent_encoded(name);
      files.push_back({source + "/" + below, path, size, body.sha256()});
      if (std::string(by) == "ctl") continue;
      run({"curl", "-sSf", "-H", "Authorization: Bearer upload-secret", "-T", files.back().file,
           origin.url() + path});
    }
  }
  run({program("selvagectl"), "put", "--token", "upload-secret", source + "/ctl", origin.url() + "/ctl"});
}

std::string Bytes::run(std::vector<std::string> command) {
  Process process(std::move(command), folder() / ("run." + std::to_string(++world_->runs)));
  EXPECT_EQ(process.wait(std::chrono::minutes(2)), 0) << process.output();
  return process.output();
}

std::string Bytes::body_of(std::vector<std::string> command) {
  const std::string body = folder() / "body";
  std::filesystem::remove(body);
  command.insert(command.begin(), {"sh", "-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", body});
  run(std::move(command));
  return sha256(base::read_file(body, 1UL << 30).value_or("no body"));
}

std::string Bytes::curl(const Uploaded& file, std::vector<std::string> options, const std::string& scheme) {
  std::vector<std::string> command{
      "curl",
      "-sSf",
      "--cacert",
      ca_file(),
      "--connect-to",
      scheme == "https" ? "www.test:443:" + edge().https_address() : "www.test:80:" + edge().http_address()};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(scheme + "://www.test" + file.path);
  return body_of(command);
}

TEST_F(Bytes, CurlOverHttp2ColdAndWarm) {
  for (int i = 0; i < 2; ++i) {
    for (const Uploaded& file : files())
      EXPECT_EQ(curl(file, {"--http2"}, "https"), file.sha256) << file.path;
  }
  for (const Uploaded& file : files()) {
    EXPECT_EQ(curl(file, {"--http2-prior-knowledge"}, "http"), file.sha256) << file.path;
  }
}

TEST_F(Bytes, CurlOverHttp1) {
  for (const Uploaded& file : files()) {
    EXPECT_EQ(curl(file, {"--http1.1"}, "https"), file.sha256) << file.path;
    EXPECT_EQ(curl(file, {"--http1.1"}, "http"), file.sha256) << file.path;
    EXPECT_EQ(curl(file, {"--http1.0"}, "https"), file.sha256) << file.path;
  }
}

TEST_F(Bytes, CurlInTwoPieces) {
  for (const Uploaded& file : files()) {
    if (file.size < 2) continue;
    const std::string first = folder() / "first";
    const std::string middle = std::to_string(file.size / 2);
    run({"curl", "-sSf", "--http2", "--cacert", ca_file(), "--connect-to",
         "www.test:443:" + edge().https_address(), "-r", "0-" + std::to_string(file.size / 2 - 1), "-o",
         first, "https://www.test" + file.path});
    run({"curl", "-sSf", "--http2", "--cacert", ca_file(), "--connect-to",
         "www.test:443:" + edge().https_address(), "-C", middle, "-o", first,
         "https://www.test" + file.path});
    EXPECT_EQ(sha256(base::read_file(first, 1UL << 30).value_or("no body")), file.sha256) << file.path;
  }
}

TEST_F(Bytes, NghttpTheOtherHttp2Client) {
  for (const Uploaded& file : files()) {
    EXPECT_EQ(body_of({"nghttp", "--no-verify-peer", "-H:authority: www.test",
                       "https://" + edge().https_address() + file.path}),
              file.sha256)
        << file.path;
  }
}

// It looks at no bytes, but counts them.
TEST_F(Bytes, H2loadGetsEveryByteOfEveryRequest) {
  constexpr std::uint64_t kRequests = 12;
  for (const char* protocol : {"h2", "http/1.1"}) {
    for (const Uploaded& file : files()) {
      const std::string output =
          run({"h2load", "-n", std::to_string(kRequests), "-c", "4", "-m", "3",
               std::string("--npn-list=") + protocol, "--connect-to=" + edge().https_address(),
               "https://www.test" + file.path});
      EXPECT_THAT(output, HasSubstr("Application protocol: " + std::string(protocol)));
      EXPECT_THAT(output, HasSubstr("12 done, 12 succeeded, 0 failed, 0 errored, 0 timeout"));
      EXPECT_THAT(output, HasSubstr("12 2xx, 0 3xx, 0 4xx, 0 5xx"));
      const std::regex data(R"(\((\d+)\) data)");
      std::smatch found;
      ASSERT_TRUE(std::regex_search(output, found, data)) << output;
      EXPECT_EQ(found[1], std::to_string(kRequests * file.size)) << file.path;
    }
  }
}

/// A page that fetches every file, and says what it got as query of a request to the site "reports".
std::string page(const std::vector<Uploaded>& files) {
  std::string list;
  for (const Uploaded& file : files) list += "\"" + file.path + "\",";
  return "<!doctype html><meta charset=utf-8><title>bytes</title><script type=module>\n"
         "const hex = b => [...new Uint8Array(b)].map(x => x.toString(16).padStart(2, '0')).join('');\n"
         "const say = text => fetch('https://reports.www.test/?' + text, {mode: 'no-cors'});\n"
         "try {\n"
         "  for (const [i, path] of [" +
         list +
         "].entries()) {\n"
         "    const answer = await fetch(path, {cache: 'no-store'});\n"
         "    const body = await answer.arrayBuffer();\n"
         "    const hash = hex(await crypto.subtle.digest('SHA-256', body));\n"
         "    await say(`${i}=${answer.status}-${body.byteLength}-${hash}`);\n"
         "  }\n"
         "  const entries = performance.getEntriesByType('resource').filter(e => "
         "!e.name.includes('reports'));\n"
         "  await say('protocols=' + [...new Set(entries.map(e => e.nextHopProtocol))].join());\n"
         "} catch (error) { await say('error=' + encodeURIComponent(error)); }\n"
         "</script>\n";
}

TEST_F(Bytes, HeadlessChromium) {
  const std::string html = folder() / "bytes.html";
  std::ofstream(html) << page(files());
  run({"curl", "-sSf", "-H", "Authorization: Bearer upload-secret", "-T", html,
       world_->origin.url() + "/bytes.html"});
  const std::string pin = run({"sh", "-c",
                               "openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform der | "
                               "openssl dgst -sha256 -binary | "
                               "openssl base64 | tr -d '\\n'",
                               folder() / "www.pem"});
  Process chromium(
      {"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
       "--disable-background-networking", "--remote-debugging-port=0",
       "--user-data-dir=" + (folder() / "chromium"), "--ignore-certificate-errors-spki-list=" + pin,
       "--host-resolver-rules=MAP * " + edge().https_address(), "https://www.test/bytes.html"},
      folder() / "chromium.log");
  const auto told = [&](const std::string& start) {
    for (const Seen& seen : reports().seen()) {
      if (seen.target.starts_with("/?" + start + "=")) return seen.target.substr(3 + start.size());
    }
    return std::string();
  };
  wait_until([&] { return !told("protocols").empty() || !told("error").empty() || !chromium.running(); },
             std::chrono::minutes(2));
  EXPECT_EQ(told("error"), "");
  EXPECT_EQ(told("protocols"), "h2") << chromium.output();
  for (std::size_t i = 0; i < files().size(); ++i) {
    const Uploaded& file = files()[i];
    EXPECT_EQ(told(std::to_string(i)), "200-" + std::to_string(file.size) + "-" + file.sha256) << file.path;
  }
}

// Whoever has asked before: the origin has sent each body once. (A browser told not to store asks the origin
// for a validation.)
TEST_F(Bytes, ComeFromTheCache) {
  Client client(edge().client_options());
  for (const Uploaded& file : files()) {
    // A body of several chunks is a hit once it is on disk; before, its fetch is joined.
    EXPECT_TRUE(wait_until([&] {
      const Response response = client.get("https://www.test" + file.path);
      EXPECT_EQ(response.sha256, file.sha256);
      return response.header("cache-status").find("hit") != std::string::npos;
    })) << file.path;
  }
  client.get(world_->origin.url() + "/marker");
  std::string log;
  EXPECT_TRUE(wait_until([&] {
    log = base::read_file(folder() / "origin/access.log", 1UL << 30).value_or("");
    return log.find("/marker") != std::string::npos;
  }));
  for (const Uploaded& file : files()) {
    const std::regex sent(R"("GET",[^}]*"path":")" + file.path + R"(","status":200)");
    const auto begin = std::sregex_iterator(log.begin(), log.end(), sent);
    EXPECT_EQ(std::distance(begin, std::sregex_iterator()), 1) << file.path;
  }
}

}  // namespace
}  // namespace harness
