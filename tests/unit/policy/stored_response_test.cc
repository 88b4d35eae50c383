// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/stored_response.h"

#include <gtest/gtest.h>

#include "edge/base/random.h"
#include "edge/base/text.h"
#include "edge/policy/wire.h"
#include "tests/support/heads.h"

namespace {

using policy::StoredResponse;
using std::chrono::seconds;

std::string random_text(base::Random& random, std::uint64_t max) {
  std::string out;
  for (std::uint64_t left = random.below(max + 1); left > 0; --left)
    out += static_cast<char>(random.below(256));
  return out;
}

std::vector<std::string> random_texts(base::Random& random) {
  std::vector<std::string> out;
  for (std::uint64_t left = random.below(4); left > 0; --left) out.push_back(random_text(random, 300));
  return out;
}

std::int64_t any(base::Random& random) {
  // Full range and small numbers of either sign.
  const auto value = static_cast<std::int64_t>(random.below(UINT64_MAX));
  return random.one_in(2) ? value : value % 100;
}

StoredResponse random_response(base::Random& random) {
  StoredResponse r;
  r.kind = random.one_in(2) ? StoredResponse::Kind::Response : StoredResponse::Kind::VaryMarker;
  r.status = static_cast<int>(random.below(1000));
  for (std::uint64_t left = random.below(20); left > 0; --left) {
    r.fields.add(base::hex(random_text(random, 10)), random_text(random, 200));
  }
  r.body_bytes = static_cast<std::uint64_t>(any(random));
  r.request_time = base::Wall(base::Wall::duration(any(random)));
  r.response_time = base::Wall(base::Wall::duration(any(random)));
  r.initial_age = seconds(any(random));
  r.lifetime = seconds(any(random));
  r.stale_while_revalidate = seconds(any(random));
  r.stale_if_error = seconds(any(random));
  r.must_revalidate = random.one_in(2);
  r.no_cache = random.one_in(2);
  r.immutable = random.one_in(2);
  r.site = random_text(random, 20);
  r.host = random_text(random, 20);
  r.url = random_text(random, 200);
  r.variant = random_text(random, 100);
  r.tags = random_texts(random);
  r.fill_stamp = static_cast<std::uint64_t>(any(random));
  r.vary = random_texts(random);
  r.generation = static_cast<std::uint64_t>(any(random));
  r.groups = random_texts(random);
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    r.hidden.add(base::hex(random_text(random, 10)), random_text(random, 200));
  }
  return r;
}

void expect_same(const StoredResponse& a, const StoredResponse& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.status, b.status);
  EXPECT_TRUE(a.fields == b.fields);
  EXPECT_EQ(a.body_bytes, b.body_bytes);
  EXPECT_EQ(a.request_time, b.request_time);
  EXPECT_EQ(a.response_time, b.response_time);
  EXPECT_EQ(a.initial_age, b.initial_age);
  EXPECT_EQ(a.lifetime, b.lifetime);
  EXPECT_EQ(a.stale_while_revalidate, b.stale_while_revalidate);
  EXPECT_EQ(a.stale_if_error, b.stale_if_error);
  EXPECT_EQ(a.must_revalidate, b.must_revalidate);
  EXPECT_EQ(a.no_cache, b.no_cache);
  EXPECT_EQ(a.immutable, b.immutable);
  EXPECT_EQ(a.site, b.site);
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.url, b.url);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.fill_stamp, b.fill_stamp);
  EXPECT_EQ(a.vary, b.vary);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_TRUE(a.hidden == b.hidden);
  EXPECT_EQ(a.groups, b.groups);
}

TEST(StoredResponseCodec, ReadsBackWhatWasWritten) {
  base::Random random(1);
  for (int i = 0; i < 500; ++i) {
    const StoredResponse response = random_response(random);
    const auto copy = policy::decode(policy::encode(response));
    ASSERT_TRUE(copy);
    expect_same(response, *copy);
  }
  ASSERT_TRUE(policy::decode(policy::encode({})));
}

TEST(StoredResponseCodec, EveryTruncationExtensionAndFlippedBitIsDamage) {
  base::Random random(2);
  for (int i = 0; i < 10; ++i) {
    std::string bytes = policy::encode(random_response(random));
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(policy::decode(bytes.substr(0, size))) << size;
    EXPECT_FALSE(policy::decode(bytes + '\0'));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const char mask = static_cast<char>(1U << random.below(8));
      bytes[at] ^= mask;
      EXPECT_FALSE(policy::decode(bytes)) << at;
      bytes[at] ^= mask;
    }
  }
}

TEST(StoredResponseCodec, RandomBytesAreDamage) {
  base::Random random(3);
  for (int i = 0; i < 20'000; ++i) EXPECT_FALSE(policy::decode(random_text(random, 100)));
}

TEST(StoredResponseCodec, TypicalRecordIsCompact) {
  StoredResponse response;
  response.fields = support::fields({{"content-type", "text/html"}, {"etag", "\"0123456789abcdef\""}});
  response.url = "www.example.com/index.html";
  // Field and URL text is 65 bytes.
  EXPECT_LT(policy::encode(response).size(), 65U + 70U);
}

TEST(StoredResponseValidators, AreEmptyIfAbsent) {
  StoredResponse response;
  EXPECT_EQ(response.etag(), "");
  EXPECT_EQ(response.last_modified(), "");
  response.fields.add("etag", "W/\"a\"");
  response.fields.add("last-modified", "x");
  EXPECT_EQ(response.etag(), "W/\"a\"");
  EXPECT_EQ(response.last_modified(), "x");
}

TEST(StoredResponseFootprint, CountsEverythingThatIsHeld) {
  StoredResponse response;
  const std::size_t empty = response.footprint();
  response.fields.add("a", std::string(1000, 'x'));
  response.url.assign(2000, 'u');
  response.tags.push_back(std::string(3000, 't'));
  response.vary.push_back(std::string(4000, 'v'));
  response.hidden.add("h", std::string(5000, 'h'));
  response.groups.push_back(std::string(6000, 'g'));
  EXPECT_GE(response.footprint(), empty + 21'000);
  EXPECT_LT(response.footprint(), empty + 22'000);
}

TEST(WireReader, NeverReadsBeyondTheRecord) {
  policy::WireReader open_number("\x80\x80");
  EXPECT_EQ(open_number.number(), 0U);
  EXPECT_FALSE(open_number.good());

  policy::WireReader too_large("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  EXPECT_EQ(too_large.number(), 0U);
  EXPECT_FALSE(too_large.good());

  policy::WireReader long_text(
      "\x05"
      "abc");
  EXPECT_EQ(long_text.text(), "");
  EXPECT_FALSE(long_text.good());
  EXPECT_EQ(long_text.number(), 0U);

  policy::WireReader many(
      "\x7f"
      "abc");
  EXPECT_EQ(many.count(1), 0U);
  EXPECT_FALSE(many.good());
}

TEST(WireNumbers, AllSizesReadBack) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value :
         {std::uint64_t{1} << shift, (std::uint64_t{1} << shift) - 1, ~std::uint64_t{0} >> shift}) {
      policy::WireWriter out;
      out.number(value);
      out.signed_number(static_cast<std::int64_t>(value));
      const std::string bytes = out.take();
      policy::WireReader in(bytes);
      EXPECT_EQ(in.number(), value);
      EXPECT_EQ(in.signed_number(), static_cast<std::int64_t>(value));
      EXPECT_TRUE(in.complete());
    }
  }
}

}  // namespace
