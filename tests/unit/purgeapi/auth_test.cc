// SPDX-License-Identifier: Apache-2.0
#include "purge/server/auth.h"

#include <gtest/gtest.h>

#include "edge/base/text.h"

namespace purgeapi {
namespace {

Token token(std::string name, std::string_view secret, Role role, std::vector<std::string> sites) {
  return {.name = std::move(name),
          .sha256 = sha256(secret),
          .roles = static_cast<std::uint8_t>(role),
          .sites = std::move(sites)};
}

TEST(Sha256Test, IsTheKnownDigest) {
  EXPECT_EQ(base::hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct Case {
  const char* name;
  std::optional<std::string_view> secret;
  const char* found;  ///< null: none
};
class TokensTest : public testing::TestWithParam<Case> {};

TEST_P(TokensTest, FindsWhoseSecretItIs) {
  const Tokens tokens(
      {token("deploy", "s3cret", Role::Purge, {"www"}), token("edges", "edge-secret", Role::Node, {})});
  const Token* found = tokens.find(GetParam().secret);
  ASSERT_EQ(found != nullptr, GetParam().found != nullptr);
  if (found != nullptr) {
    EXPECT_EQ(found->name, GetParam().found);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, TokensTest,
    testing::Values(Case{"First", "s3cret", "deploy"}, Case{"Second", "edge-secret", "edges"},
                    Case{"Absent", std::nullopt, nullptr}, Case{"Empty", "", nullptr},
                    Case{"Part", "s3cre", nullptr}, Case{"Longer", "s3crets", nullptr},
                    Case{"TheHashItself", "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0",
                         nullptr}),
    [](const auto& tested) { return tested.param.name; });

TEST(NoTokensTest, NoneAreFoundAmongNone) { EXPECT_EQ(Tokens().find("x"), nullptr); }

TEST(TokenTest, TouchesItsSitesOnly) {
  const Token some = token("a", "a", Role::Purge, {"www", "shop"});
  EXPECT_TRUE(some.may_touch("www"));
  EXPECT_TRUE(some.may_touch("shop"));
  EXPECT_FALSE(some.may_touch("ww"));
  EXPECT_FALSE(some.may_touch("*"));
  EXPECT_TRUE(token("b", "b", Role::Purge, {"*"}).may_touch("any"));
  EXPECT_FALSE(token("c", "c", Role::Purge, {}).may_touch("any"));
}

}  // namespace
}  // namespace purgeapi
