// SPDX-License-Identifier: Apache-2.0
// Input: a record without its hash, which is put right here, since no mutation would get past it.
#include <chrono>
#include <cstdint>
#include <string>

#include "edge/base/check.h"
#include "edge/base/hash.h"
#include "edge/policy/freshness.h"
#include "edge/policy/stored_response.h"

namespace {

std::string with_hash(const std::string& body) {
  std::string out;
  std::uint64_t hash = base::hash64(body);
  for (int i = 0; i < 8; ++i, hash >>= 8) out += static_cast<char>(hash & 0xff);
  return out + body;
}

/// Times and lifetimes of a record can be anything: judging must not overflow.
void judge(const policy::StoredResponse& response) {
  for (const base::Wall now : {base::Wall::min(), base::Wall(), base::Wall::max()}) {
    const auto age = policy::current_age(response, now);
    CHECK(age.count() >= 0 && age.count() <= policy::kDeltaSecondsMax);
    policy::CacheControl request;
    request.max_stale = 10;
    policy::judge(response, request, now, {});
    policy::judge(response, {}, now, {.soft_purged = true});
    policy::may_serve_on_error(response, now, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  CHECK(!policy::decode(body) || body.size() > 8);
  const auto response = policy::decode(with_hash(body));
  if (!response) return 0;
  const std::string encoded = policy::encode(*response);
  const auto again = policy::decode(encoded);
  CHECK(again && policy::encode(*again) == encoded);
  judge(*response);
  return 0;
}
