// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/vary.h"

#include <gtest/gtest.h>

#include "edge/policy/forwarding.h"
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
  for (const char* none : {"en, de", "*", "de;q=0", "", "en;q=0.5, de;q=0.5, fr;q=0.4"})
    EXPECT_EQ(of(none), "") << none;
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

struct ChosenCase {
  const char* what;
  Names vary;
  http::Fields stored_for;
  http::Fields asked;
  bool chosen;
  const char* language = "";
};

TEST(ChosenVariant, IsWhatARequestWithTheseFieldsGets) {
  const auto of = [](const char* name, const char* value) { return support::fields({{name, value}}); };
  const http::Fields none = support::fields({});
  const Names coding = {"accept-encoding"};
  const Names language = {"accept-language"};
  const ChosenCase cases[] = {
      {"no Vary", {}, none, of("x", "1"), true},
      {"equal", {"x"}, of("x", "1, 2"), of("x", "1,2"), true},
      {"different", {"x"}, of("x", "1"), of("x", "2"), false},
      {"absent", {"x"}, none, none, true},
      {"absent and said", {"x"}, none, of("x", "1"), false},
      {"said and absent", {"x"}, of("x", "1"), none, false},
      {"empty and absent", {"x"}, of("x", ""), none, false},
      {"one of two", {"x", "y"}, support::fields({{"x", "1"}, {"y", "1"}}), of("x", "1"), false},
      {"of the connection", {"te"}, none, of("te", "trailers"), true},
      {"coded", coding, of("accept-encoding", "br, gzip"), of("accept-encoding", "gzip;q=0.5, br"), true},
      {"coded otherwise", coding, of("accept-encoding", "br"), of("accept-encoding", "gzip"), false},
      {"coded, none asked", coding, of("accept-encoding", "gzip"), none, false},
      {"not coded", coding, of("accept-encoding", "identity"), of("accept-encoding", "gzip"), true},
      {"not coded, none asked", coding, none, none, true},
      {"language", language, of("accept-language", "de, en;q=0.5"), of("accept-language", "de"), false},
      {"language by alias", language, of("accept-language", "de, en;q=0.5"), of("accept-language", "De"),
       true, "de"},
      {"language of who named none", language, none, of("accept-language", "de;q=0.9, en;q=0.1"), true, "de"},
      {"language not preferred", language, none, of("accept-language", "de, en"), false, "de"},
      {"language, and another field",
       {"accept-language", "x"},
       of("x", "1"),
       of("accept-language", "de"),
       false,
       "de"},
      {"no language of either", language, of("accept-language", "de"), none, false},
  };
  for (const ChosenCase& c : cases) {
    EXPECT_EQ(policy::is_chosen_by(policy::variant_text(c.vary, c.stored_for), c.asked, c.language), c.chosen)
        << c.what;
  }
}

TEST(ChosenVariant, WhateverTheEdgeSetsItself) {
  const http::RequestHead head{.method = "GET", .scheme = "https", .authority = "a.test", .target = "/"};
  const http::Fields sent =
      policy::fields_to_origin(head, {.client_address = "192.0.2.1"}, {.node = "edge-1"});
  for (const char* name :
       {"cdn-loop", "forwarded", "host", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}) {
    EXPECT_TRUE(sent.has(name)) << name;
    const std::string text = policy::variant_text({name, "x-device"}, sent);
    EXPECT_TRUE(policy::is_chosen_by(text, support::fields({}), "")) << name;
    EXPECT_TRUE(policy::is_chosen_by(text, support::fields({{name, "other"}}), "")) << name;
    EXPECT_FALSE(policy::is_chosen_by(text, support::fields({{"x-device", "phone"}}), "")) << name;
  }
  // Left out of what is asked for all.
  for (const char* name : {"range", "x-original-url", "x-real-ip"}) {
    EXPECT_TRUE(policy::is_chosen_by(policy::variant_text({name}, sent), support::fields({{name, "1"}}), ""));
  }
}

TEST(ChosenVariant, DamagedTextHarmsNobody) {
  for (const char* text : {":", "3", "3:x", "1:x", "1:x9:", "99999999999999999999:x", "a"}) {
    policy::is_chosen_by(text, support::fields({{"x", "1"}}), "de");
  }
}

}  // namespace
