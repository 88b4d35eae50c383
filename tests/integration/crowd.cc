// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/crowd.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

namespace harness {

std::vector<Response> perform_in_crowd(const Client::Options& options, const std::vector<Request>& requests,
                                       unsigned threads) {
  std::vector<Response> responses(requests.size());
  std::vector<std::thread> running;
  for (unsigned first = 0; first < threads; ++first) {
    running.emplace_back([&, first] {
      std::vector<Request> mine;
      for (std::size_t i = first; i < requests.size(); i += threads) mine.push_back(requests[i]);
      auto answers = Client(options).perform_all(std::move(mine));
      for (std::size_t i = 0; i < answers.size(); ++i) responses[first + i * threads] = std::move(answers[i]);
    });
  }
  for (std::thread& thread : running) thread.join();
  return responses;
}

FirstBytes::FirstBytes(const std::vector<Response>& responses, std::chrono::steady_clock::time_point origin) {
  for (const Response& response : responses)
    milliseconds_.push_back(std::chrono::duration<double, std::milli>(response.first_byte - origin).count());
  std::ranges::sort(milliseconds_);
}

std::chrono::milliseconds FirstBytes::worst() const { return std::chrono::milliseconds(std::llround(at(1))); }

std::string FirstBytes::text() const {
  char text[80];
  std::snprintf(text, sizeof text, "p50 %.1f ms, p99 %.1f ms, worst %.1f ms", at(0.5), at(0.99), at(1));
  return text;
}

double FirstBytes::at(double part) const {
  if (milliseconds_.empty()) return 0;
  return milliseconds_[static_cast<std::size_t>(part * static_cast<double>(milliseconds_.size() - 1))];
}

}  // namespace harness
