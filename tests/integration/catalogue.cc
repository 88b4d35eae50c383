// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/catalogue.h"

#include <cmath>
#include <random>

namespace harness {

SeededBody Catalogue::body_of(unsigned number) const {
  std::mt19937_64 random(seed_ * 1'000'003 + number);
  // Each power of two is as likely as another.
  const double power = 10 + std::uniform_real_distribution(0.0, std::log2(3.0 * 1024))(random);
  return {random(), static_cast<std::uint64_t>(std::exp2(power))};
}

void Catalogue::offer(Origin& origin) const {
  origin.answer_all([this](const Seen& seen) {
    const auto number = static_cast<unsigned>(std::stoul(seen.target.substr(seen.target.rfind('/') + 1)));
    Reply reply{.headers = {{"Cache-Control", "max-age=3600"}}, .body = body_of(number)};
    reply.chunked = number % 5 == 0;
    return reply;
  });
}

testing::AssertionResult Catalogue::is_right(unsigned number, const Response& response) {
  if (!response.error.empty()) return testing::AssertionSuccess();
  if (response.status == 200 && response.sha256 == sum_of(number)) return testing::AssertionSuccess();
  return wrong(number, response);
}

testing::AssertionResult Catalogue::is_right_part(unsigned number, std::uint64_t offset,
                                                  const Response& response) {
  if (response.status == 200 || !response.error.empty()) return is_right(number, response);
  const std::string part = body_of(number).text().substr(offset);
  if (response.status == 206 && response.sha256 == sha256(part)) return testing::AssertionSuccess();
  return wrong(number, response) << ", asked from " << offset << " on";
}

std::string Catalogue::sum_of(unsigned number) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = sums_.find(number); found != sums_.end()) return found->second;
  }
  std::string sum = body_of(number).sha256();
  const std::scoped_lock lock(mutex_);
  return sums_[number] = std::move(sum);
}

testing::AssertionResult Catalogue::wrong(unsigned number, const Response& response) const {
  auto failure = testing::AssertionFailure()
                 << path_of(number) << " of " << body_of(number).size() << " bytes: " << response.status
                 << " with " << response.body_bytes;
  for (const auto& [name, value] : response.headers) failure << "\n  " << name << ": " << value;
  return failure;
}

}  // namespace harness
