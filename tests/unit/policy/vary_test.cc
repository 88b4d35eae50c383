// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/vary.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using Names = std::vector<std::string>;

TEST(VaryRfc9110_12_5_5, NamesAreLowerCaseSortedAndSingle) {
  EXPECT_EQ(policy::vary_names(support::fields({})), Names{});
  EXPECT_EQ(policy::vary_names(support::fields({{"vary", ""}})), Names{});
  EXPECT_EQ(policy::vary_names(support::fields({{"vary", "Foo, bar,FOO"}, {"vary", ", baz"}})),
            (Names{"bar", "baz", "foo"}));
}

TEST(VaryRfc9110_12_5_3, ACodedBodyVariesWithAcceptEncodingSaidOrNot) {
  EXPECT_EQ(policy::vary_names(support::fields({{"content-encoding", "gzip"}})), Names{"accept-encoding"});
  EXPECT_EQ(
      policy::vary_names(support::fields({{"content-encoding", "gzip"}, {"vary", "x, Accept-Encoding"}})),
      (Names{"accept-encoding", "x"}));
  EXPECT_EQ(policy::vary_names(support::fields({{"content-encoding", "gzip"}, {"vary", "*"}})), std::nullopt);
}

TEST(VaryRfc9111_4_1, AStarAnywhereMatchesNothing) {
  for (const char* value : {"*", "*, *", ", *", "*, Foo", "Foo, *", "Foo,*,Bar"}) {
    EXPECT_EQ(policy::vary_names(support::fields({{"vary", value}})), std::nullopt) << value;
  }
  EXPECT_EQ(policy::vary_names(support::fields({{"vary", "Foo"}, {"vary", "*"}})), std::nullopt);
}

struct VariantCase {
  const char* what;
  http::Fields a;
  http::Fields b;
  bool same;
};

void compare_all(const Names& names, std::initializer_list<VariantCase> cases) {
  for (const VariantCase& c : cases) {
    EXPECT_EQ(policy::variant_text(names, c.a) == policy::variant_text(names, c.b), c.same) << c.what;
  }
}

TEST(VariantRfc9111_4_1, NormalisedValuesDecide) {
  compare_all(
      {"bar", "foo"},
      {
          {"equal", support::fields({{"foo", "1"}}), support::fields({{"foo", "1"}}), true},
          {"different", support::fields({{"foo", "1"}}), support::fields({{"foo", "2"}}), false},
          {"case matters", support::fields({{"foo", "a"}}), support::fields({{"foo", "A"}}), false},
          {"absent and present", support::fields({}), support::fields({{"foo", "1"}}), false},
          {"absent and empty", support::fields({}), support::fields({{"foo", ""}}), false},
          {"both absent", support::fields({}), support::fields({}), true},
          {"other fields", support::fields({{"foo", "1"}, {"x", "1"}}),
           support::fields({{"foo", "1"}, {"x", "2"}}), true},
          {"lines combined", support::fields({{"foo", "1, 2"}}),
           support::fields({{"foo", "1"}, {"foo", "2"}}), true},
          {"white space", support::fields({{"foo", "1,2"}}), support::fields({{"foo", " 1 ,\t 2 "}}), true},
          {"white space within", support::fields({{"foo", "1 2"}}), support::fields({{"foo", "12"}}), false},
          {"quoted white space", support::fields({{"foo", "\"1,2\""}}),
           support::fields({{"foo", "\"1, 2\""}}), false},
          {"escaped quote", support::fields({{"foo", "\"\\\", 2\""}}),
           support::fields({{"foo", "\"\\\",2\""}}), false},
          {"order", support::fields({{"foo", "1, 2"}}), support::fields({{"foo", "2, 1"}}), false},
          {"which field", support::fields({{"foo", "1"}}), support::fields({{"bar", "1"}}), false},
          {"field order", support::fields({{"foo", "1"}, {"bar", "2"}}),
           support::fields({{"bar", "2"}, {"foo", "1"}}), true},
          {"no value reads as another", support::fields({{"bar", "1:3foo"}}),
           support::fields({{"bar", "1"}, {"foo", ""}}), false},
      });
}

TEST(VariantRfc9110_12_5_4, AcceptLanguageByWeightNotByCaseSpaceOrOrder) {
  const auto of = [](const char* value) { return support::fields({{"accept-language", value}}); };
  compare_all({"accept-language"}, {
                                       {"order", of("en, de"), of("de, en"), true},
                                       {"case", of("en, de"), of("eN, De"), true},
                                       {"space", of("en, de"), of(" en ,   de"), true},
                                       {"weight of one", of("en, de"), of("en;q=1.0, de;q=1"), true},
                                       {"weights", of("en, de;q=0.5"), of("de;q=0.500,en"), true},
                                       {"other weights", of("en, de;q=0.5"), of("en;q=0.5, de"), false},
                                       {"other languages", of("en"), of("de"), false},
                                       {"regions", of("en-GB"), of("en-US"), false},
                                       {"absent", of("en"), support::fields({}), false},
                                   });
}

TEST(AcceptEncodingRfc9110_12_5_3, ReducedToWhatIsAcceptedInFixedOrder) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"identity", ""},
      {"gzip", "gzip"},
      {"GZIP", "gzip"},
      {"x-gzip", "gzip"},
      {"gzip, deflate, br, zstd", "br, zstd, gzip"},
      {"zstd,br,gzip", "br, zstd, gzip"},
      {"br;q=0.1, gzip;q=1.0", "br, gzip"},
      {"br;q=0, gzip", "gzip"},
      {"br;q=0.000, gzip", "gzip"},
      {"br ; Q=0 , gzip", "gzip"},
      {"*", "br, zstd, gzip"},
      {"*;q=0", ""},
      {"*;q=0, gzip", "gzip"},
      {"gzip;q=0, *", "br, zstd"},
      {"*, gzip;q=0", "br, zstd"},
      {"deflate", ""},
      {"br;q=x", "br"},
      {"br;q=2", "br"},
      {",,", ""},
      {"bro", ""},
  };
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(policy::accept_encoding(support::fields({{"accept-encoding", value}})), expected) << value;
  }
  EXPECT_EQ(policy::accept_encoding(support::fields({})), "");
  EXPECT_EQ(
      policy::accept_encoding(support::fields({{"accept-encoding", "gzip"}, {"accept-encoding", "br"}})),
      "br, gzip");
}

TEST(VariantRfc9110_12_5_3, AcceptEncodingCountsAsReduced) {
  const auto of = [](const char* value) { return support::fields({{"accept-encoding", value}}); };
  compare_all({"accept-encoding"}, {
                                       {"browsers", of("gzip, deflate, br"), of("br;q=0.9, gzip"), true},
                                       {"none and identity", support::fields({}), of("identity"), true},
                                       {"none and gzip", support::fields({}), of("gzip"), false},
                                       {"reduced twice", of("gzip, br"), of("br, gzip"), true},
                                   });
}

TEST(LanguageRfc9110_12_5_4, IsTheOneThatIsPreferredToAllOthers) {
  const auto of = [](const char* value) {
    return policy::preferred_language(support::fields({{"accept-language", value}}));
  };
  EXPECT_EQ(of("de"), "de");
  EXPECT_EQ(of("fr;q=0.5, DE;q=1.0"), "de");
  EXPECT_EQ(of("de-CH, de;q=0.9, *;q=0.1"), "de-ch");
  for (const char* none : {"en, de", "*", "de;q=0", "", "en;q=0.5, de;q=0.5, fr;q=0.4"}) EXPECT_EQ(of(none), "") << none;
  EXPECT_EQ(policy::preferred_language(support::fields({})), "");
}

TEST(LanguageRfc9110_8_5, IsOneOrNone) {
  const auto of = [](const char* value) {
    return policy::content_language(support::fields({{"content-language", value}}));
  };
  EXPECT_EQ(of("De"), "de");
  EXPECT_EQ(of(" de-CH "), "de-ch");
  for (const char* none : {"de, en", "", "de en", "*"}) EXPECT_EQ(of(none), "") << none;
}

TEST(LanguageRfc9111_4_1, IsAVariantOfItsOwn) {
  const http::Fields request = support::fields({{"accept-language", "fr;q=0.5, de"}, {"x", "1"}});
  const std::vector<std::string> names = {"accept-language", "x"};
  EXPECT_EQ(policy::language_variant_text(names, request, "de"),
            policy::variant_text(names, support::fields({{"accept-language", "de"}, {"x", "1"}})));
  EXPECT_NE(policy::language_variant_text(names, request, "de"),
            policy::variant_text(names, support::fields({{"accept-language", "de"}, {"x", "2"}})));
  EXPECT_EQ(policy::language_variant_text({"x"}, request, "de"), "");
  EXPECT_EQ(policy::language_variant_text(names, request, ""), "");
}

}  // namespace
