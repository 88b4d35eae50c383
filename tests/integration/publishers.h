// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/harness.h"

namespace harness {

/// Several clients that purge side by side: purge N is of the tag "tN" and has an idempotency key of its own,
/// with which it is sent again, to the next API, until it is answered. Notes which number each was answered.
class Publishers {
 public:
  Publishers(const Certificates& certificates, std::vector<std::string> urls, unsigned total,
             unsigned threads = 4)
      : urls_(std::move(urls)), ca_file_(certificates.ca_file()), total_(total) {
    for (unsigned t = 0; t < threads; ++t) {
      threads_.emplace_back([this] { work(); });
    }
  }
  ~Publishers() { finish(); }
  /// So many have been answered.
  unsigned answered() const { return answered_; }
  bool reach(unsigned count) const {
    return wait_until([&] { return answered_ >= count; }, std::chrono::seconds(120));
  }
  /// Waits until all are answered. Whoever still gets none by then gives up.
  void finish() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  void give_up() { over_ = true; }
  /// By number: which purge. Each number once, or doubled() says so.
  const std::map<std::uint64_t, unsigned>& numbers() const { return numbers_; }
  unsigned doubled() const { return doubled_; }
  std::uint64_t last() const { return numbers_.empty() ? 0 : numbers_.rbegin()->first; }

 private:
  static constexpr unsigned kBatch = 10;

  void work() {
    Client client(Client::Options{.ca_file = ca_file_});
    for (unsigned first = next_.fetch_add(kBatch); first < total_ && !over_;
         first = next_.fetch_add(kBatch)) {
      std::vector<unsigned> left;
      for (unsigned n = first; n < std::min(total_, first + kBatch); ++n) left.push_back(n);
      for (unsigned attempt = 0; !left.empty() && !over_; ++attempt) {
        std::vector<Request> requests;
        for (unsigned n : left) {
          Request request;
          request.url = urls_[(first / kBatch + attempt) % urls_.size()] + "/v1/purges";
          request.method = "POST";
          request.headers = {{"Authorization", "Bearer operator-secret"},
                             {"Content-Type", "application/json"},
                             {"Idempotency-Key", "purge " + std::to_string(n)}};
          request.body = R"({"site":"www","tags":["t)" + std::to_string(n) + "\"]}";
          request.limit = std::chrono::seconds(20);
          requests.push_back(std::move(request));
        }
        const auto responses = client.perform_all(std::move(requests));
        std::vector<unsigned> again;
        for (std::size_t i = 0; i < responses.size(); ++i) note(left[i], responses[i], again);
        left = std::move(again);
      }
    }
  }
  void note(unsigned n, const Response& response, std::vector<unsigned>& again) {
    const std::uint64_t number = response.ok() ? purge_sequence(response) : 0;
    if (number == 0) return again.push_back(n);
    const std::scoped_lock lock(mutex_);
    if (!numbers_.emplace(number, n).second) ++doubled_;
    ++answered_;
  }

  const std::vector<std::string> urls_;
  const std::string ca_file_;
  const unsigned total_;
  std::atomic<unsigned> next_{0};
  std::atomic<unsigned> answered_{0};
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::map<std::uint64_t, unsigned> numbers_{};
  unsigned doubled_ = 0;
  std::vector<std::thread> threads_{};
};

/// That the log of `api` has under each number what was answered with it.
inline void expect_all_logged(PurgeApi& api, const Publishers& publishers) {
  constexpr std::size_t kAtOnce = 100;
  auto at = publishers.numbers().begin();
  while (at != publishers.numbers().end()) {
    std::vector<Request> requests;
    std::vector<unsigned> purges;
    for (; requests.size() < kAtOnce && at != publishers.numbers().end(); ++at) {
      Request request;
      request.url = api.url() + "/v1/purges/" + std::to_string(at->first);
      request.headers = {{"Authorization", "Bearer operator-secret"}};
      requests.push_back(std::move(request));
      purges.push_back(at->second);
    }
    const auto responses = api.client().perform_all(std::move(requests));
    for (std::size_t i = 0; i < responses.size(); ++i) {
      const std::string tag = "\"t" + std::to_string(purges[i]) + "\"";
      ASSERT_EQ(responses[i].status, 200) << tag << responses[i].body << responses[i].error;
      ASSERT_NE(responses[i].body.find(tag), std::string::npos) << tag << " is not " << responses[i].body;
    }
  }
}

}  // namespace harness
