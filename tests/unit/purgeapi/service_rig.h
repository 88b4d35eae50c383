// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "edge/base/text.h"
#include "edge/http/client.h"
#include "edge/loop/worker.h"
#include "purge/follow/follower.h"
#include "purge/follow/ledger_disk.h"
#include "purge/server/service.h"
#include "tests/support/temp_folder.h"
#include "tests/support/thread_executor.h"
#include "tests/support/wait_until.h"

namespace purgeapi {

struct Reply {
  int status = 0;
  std::string body{};
  std::string headers{};  ///< lower case
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string code() const { return json().value("/error/code"_json_pointer, ""); }
};

struct Ask {
  std::string token{};
  std::string body{};
  std::string type{"application/json"};
  std::string method{};  ///< empty: GET, or POST with a body
  std::string key{};     ///< Idempotency-Key; empty: none
  std::string host{};    ///< empty: the URL's
};

/// One request with a connection of its own; waits for its end.
inline Reply ask(const std::string& url, const Ask& what = {}) {
  Reply reply;
  const auto into = +[](char* bytes, std::size_t, std::size_t size, void* text) {
    static_cast<std::string*>(text)->append(bytes, size);
    return size;
  };
  CURL* curl = curl_easy_init();
  curl_slist* fields = curl_slist_append(nullptr, "Expect:");
  if (!what.token.empty())
    fields = curl_slist_append(fields, ("Authorization: Bearer " + what.token).c_str());
  fields = curl_slist_append(fields, ("Content-Type: " + what.type).c_str());
  if (!what.key.empty()) fields = curl_slist_append(fields, ("Idempotency-Key: " + what.key).c_str());
  if (!what.host.empty()) fields = curl_slist_append(fields, ("Host: " + what.host).c_str());
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
  if (!what.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, what.body.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(what.body.size()));
  }
  if (!what.method.empty()) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, what.method.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, into);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, into);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  if (curl_easy_perform(curl) == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
  }
  curl_slist_free_all(fields);
  curl_easy_cleanup(curl);
  return reply;
}

/// The whole program but main(), on a thread, with its files in a folder. Tokens: "purger" (site www),
/// "reader" (all), "edge" (node).
class RunningService {
 public:
  explicit RunningService(std::string folder, std::string more = "", std::uint64_t keep_entries = 1'000'000,
                          const std::string& address = "127.0.0.1:0", std::string log_store = "")
      : folder_(std::move(folder)), log_store_(std::move(log_store)) {
    write_config(address, keep_entries, more);
    auto config = read_config(config_path(), Reading::Start);
    if (!config) throw std::runtime_error(config.error().front().str());
    std::promise<std::string> started;
    thread_ = std::thread([this, config = *config, &started] {
      service_ = std::make_unique<Service>(Service::Options{.config_path = config_path()}, config);
      const base::Status status = service_->start();
      if (status) {
        port_ = service_->port(0);
        admin_ = service_->admin_address();
      }
      started.set_value(status ? "" : status.error().text);
      if (status) service_->run();
      service_.reset();
    });
    if (std::string error = started.get_future().get(); !error.empty()) {
      thread_.join();
      throw std::runtime_error(error);
    }
  }
  ~RunningService() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    if (!left_alone_) service_->stop();
    thread_.join();
  }
  /// As the signal would; after SIGTERM the service ends by itself.
  void signal(int number) {
    left_alone_ = left_alone_ || number == SIGTERM;
    service_->loop().post([this, number] { service_->on_signal(number); });
  }
  void write_config(const std::string& address, std::uint64_t keep_entries, const std::string& more,
                    const std::string& edge_secret = "edge") {
    std::ofstream file(config_path());
    file << "[[listener]]\naddress = \"" << address << "\"\ntls = false\n[admin]\naddress = \"127.0.0.1:0\"\n"
         << "[log_store]\nkeep_entries = " << keep_entries << "\nmax_size = \"64MiB\"\n"
         << (log_store_.empty() ? "folder = \"" + folder_ + "/log\"\n" : log_store_);
    const auto token = [&](const char* name, const std::string& secret, const char* role, const char* site) {
      file << "[[token]]\nname = \"" << name << "\"\nsha256 = \"" << base::hex(sha256(secret))
           << "\"\nroles = [\"" << role << "\"]\nsites = [\"" << site << "\"]\n";
    };
    token("purger", "purger", "purge", "www");
    token("reader", "reader", "read", "*");
    token("edge", edge_secret, "node", "*");
    file << more;
  }

  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  std::string admin_url(const std::string& target) const { return "http://" + admin_ + target; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string config_path() const { return folder_ + "/purge.toml"; }
  Reply purge(const std::string& query = "", const std::string& tag = "t") const {
    return ask(url("/v1/purges" + query),
               {.token = "purger", .body = R"({"site":"www","tags":[")" + tag + R"("]})"});
  }

 private:
  std::string folder_;
  std::string log_store_;  ///< in place of its folder
  std::unique_ptr<Service> service_{};
  std::uint16_t port_ = 0;
  std::string admin_{};
  bool left_alone_ = false;
  std::thread thread_{};
};

/// Makes the state of an edge that stands there.
inline void stand_at(const std::string& state_folder, const purge::LedgerPlace& place) {
  support::ThreadExecutor home;
  auto opened = purge::LedgerDisk::open(state_folder, 64U << 20);
  if (!opened) throw std::runtime_error(opened.error().text);
  std::promise<void> kept;
  opened->store->keep(place, {}, home, [&](base::Status) { kept.set_value(); });
  kept.get_future().wait();
}

/// An edge as far as purging goes: ledger, its disk and a follower, on a loop of its own. It answers each
/// question.
class TestNode {
 public:
  TestNode(std::string api_url, std::string name, const std::string& state_folder,
           std::string secret = "edge", std::optional<purge::Follower::Options::Nats> nats = {})
      : ledger([](std::string_view, std::string_view text) { return std::string(text); }), worker_("node") {
    auto opened = purge::LedgerDisk::open(state_folder, 64U << 20);
    if (!opened) throw std::runtime_error(opened.error().text);
    fresh = opened->fresh;
    store_ = std::move(opened->store);
    ledger.load(opened->place.epoch, opened->place.sequence, opened->rows, opened->place.floor);
    purge::Follower::Options options{
        .api_url = std::move(api_url),
        .nats = std::move(nats),
        .token = std::move(secret),
        .node = std::move(name),
        .server = std::make_shared<http::ServerOptions>(),
        .backoff_max = std::chrono::milliseconds(200),
        .on_question = [this](std::string_view) { follower_->answer(R"({"id":"q","applied":1})"); }};
    std::promise<void> started;
    worker_.start(
        [&, this] {
          client_ = std::make_unique<http::Client>(worker_.loop(), http::ClientLimits{});
          follower_ = std::make_unique<purge::Follower>(worker_.loop(), *client_, ledger, *store_, options,
                                                        opened->place.log_id, opened->place.digest);
          follower_->start();
          started.set_value();
        },
        [this] {
          follower_.reset();
          client_.reset();
        });
    started.get_future().wait();
  }
  ~TestNode() {
    worker_.stop();
    worker_.join();
    store_.reset();  // its last answers go to the loop
  }

  const purge::Follower::State& state() const { return follower_->state(); }
  bool applies(purge::Sequence sequence) const {
    return support::wait_until([&] { return state().applied >= sequence; });
  }
  bool catches_up() const {
    return support::wait_until([&] { return state().caught_up.load(); });
  }
  bool connects() const {
    return support::wait_until([&] { return state().connected.load(); });
  }
  purge::Verdict verdict_of_tag(const std::string& tag, purge::Stamp since) const {
    const std::vector<std::string> tags = {tag};
    return ledger.verdict({.site = "www", .host = "h", .url = "h/x", .tags = tags}, since);
  }

  bool fresh = false;
  purge::Ledger ledger;

 private:
  loop::Worker worker_;
  std::unique_ptr<purge::LedgerDisk> store_{};
  std::unique_ptr<http::Client> client_{};
  std::unique_ptr<purge::Follower> follower_{};
};

}  // namespace purgeapi
