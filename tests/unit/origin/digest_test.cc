// SPDX-License-Identifier: Apache-2.0
#include "origin/server/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edge/base/text.h"
#include "origin/server/base64.h"

namespace origin {
namespace {

// Of "hello".
constexpr const char* kMd5 = "XUFAKrxLKna5cZ2REBfFkg==";
constexpr const char* kSha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

http::Fields with(const std::string& name, const std::string& value) {
  http::Fields fields;
  fields.add(name, value);
  return fields;
}

Outcome<std::string> hashed(const http::Fields& fields, const std::string& body) {
  auto promised = promised_digests(fields);
  if (!promised) return std::unexpected(promised.error());
  BodyHash hash(std::move(*promised));
  for (const char c : body) hash.update({&c, 1});
  return hash.finish();
}

TEST(Digest, AcceptsEveryFormOfTheRightSum) {
  for (const http::Fields& fields :
       {http::Fields(), with("content-md5", kMd5),
        with("digest", std::string("md5=") + kMd5 + ", SHA-256=" + kSha256),
        with("content-digest", std::string("sha-256=:") + kSha256 + ":"),
        with("repr-digest", std::string("unknown=:AAAA:, sha-256=:") + kSha256 + ":")}) {
    const auto sum = hashed(fields, "hello");
    ASSERT_TRUE(sum) << sum.error().text;
    EXPECT_EQ(to_base64(*sum), kSha256);
  }
}

TEST(Digest, RefusesAnotherBody) {
  for (const http::Fields& fields :
       {with("content-md5", kMd5), with("digest", std::string("SHA-256=") + kSha256),
        with("content-digest", std::string("sha-256=:") + kSha256 + ":"),
        with("content-digest", "sha-512=:" + to_base64(std::string(64, 'x')) + ":")}) {
    const auto sum = hashed(fields, "hellO");
    ASSERT_FALSE(sum);
    EXPECT_EQ(sum.error().status, 422);
  }
}

TEST(Digest, RefusesMalformedAndContradictingSums) {
  http::Fields twice = with("digest", std::string("SHA-256=") + kSha256);
  twice.add("content-digest", "sha-256=:" + to_base64(std::string(32, 'x')) + ":");
  for (const http::Fields& fields :
       {with("content-md5", "short"), with("content-md5", std::string(" ") + kSha256),
        with("digest", "sha-256=%%%%"), with("content-digest", std::string("sha-256=") + kSha256),
        with("content-digest", "sha-256=::"), twice}) {
    const auto promised = promised_digests(fields);
    ASSERT_FALSE(promised);
    EXPECT_EQ(promised.error().status, 400);
  }
}

TEST(Base64, IsItsOwnReverseAndStrict) {
  for (std::size_t size = 1; size < 40; ++size) {
    const std::string bytes(size, static_cast<char>(0xf0 + size));
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  for (const char* text : {"", "A", "AA==\n", " AA=", "AB==", "A===", "AAA\n", "AA-_"})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace origin
