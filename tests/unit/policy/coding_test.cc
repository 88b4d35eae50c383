// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/coding.h"

#include <gtest/gtest.h>

#include "edge/policy/forwarding.h"
#include "edge/policy/vary.h"

namespace policy {
namespace {

http::Fields accepting(std::string_view value) {
  http::Fields fields;
  fields.add("accept-encoding", value);
  return fields;
}

std::string chosen(const http::Fields& request) {
  const auto coding = choose_coding(request);
  return coding ? name_of(*coding) : "identity";
}

TEST(ChooseCodingRfc9110_12_5_3, TakesTheBestThatTheClientAccepts) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "identity"},
      {"gzip", "gzip"},
      {"GZip", "gzip"},
      {"x-gzip", "gzip"},
      {"gzip, deflate, br, zstd", "br"},
      {"gzip, zstd", "zstd"},
      {"deflate", "identity"},
      {"*", "br"},
      {"*;q=0", "identity"},
      {"gzip;q=0", "identity"},
      {"br;q=0, *", "zstd"},
      {"br;q=0.5, gzip;q=0.8", "gzip"},
      {"br;q=0.5, gzip;q=0.5, zstd;q=0.5", "br"},
      {"gzip;q=1.0, *;q=0.5", "gzip"},
      {"gzip;q=0.2, *;q=0.5", "br"},
      {"identity", "identity"},
      {"identity, gzip", "gzip"},
      {"identity;q=1, gzip;q=0.5", "identity"},
      {"identity;q=0.5, gzip;q=0.5", "gzip"},
      {"identity;q=0.4, gzip;q=0.5", "gzip"},
      {"identity;q=0, gzip;q=0.001", "gzip"},
      {"br;q=0.1, zstd;q=0.1, gzip;q=0.1, *", "identity"},
      {"gzip;q=wrong", "gzip"},
      {"gzip ; q=0.7 , br ; q=0.3", "gzip"},
  };
  for (const auto& [value, expected] : rows) EXPECT_EQ(chosen(accepting(value)), expected) << value;
  EXPECT_EQ(chosen({}), "identity");
  http::Fields several = accepting("br;q=0.1");
  several.add("accept-encoding", "gzip;q=0.2");
  EXPECT_EQ(chosen(several), "gzip");
}

StoredResponse response_with(std::string_view type, std::string_view cache_control = {}) {
  StoredResponse response;
  if (!type.empty()) response.fields.add("content-type", type);
  if (!cache_control.empty()) response.fields.add("cache-control", cache_control);
  return response;
}

TEST(MayBeCodedRfc9110_8_4, OnlyListedTypesThatAreNotCodedYet) {
  const CodingRule rule{.types = {"text/*", "application/json", "application/*+xml"}};
  for (const char* type : {"text/html", "Text/HTML; charset=utf-8", "text/css ;x=y", "application/json",
                           "application/atom+xml"}) {
    EXPECT_TRUE(may_be_coded(rule, response_with(type))) << type;
  }
  for (const char* type : {"", "image/png", "application/jsonp", "application/xml", "text"}) {
    EXPECT_FALSE(may_be_coded(rule, response_with(type))) << type;
  }
  EXPECT_FALSE(may_be_coded({}, response_with("text/html")));
  StoredResponse coded = response_with("text/html");
  coded.fields.add("content-encoding", "gzip");
  EXPECT_FALSE(may_be_coded(rule, coded));
  StoredResponse error = response_with("text/html");
  error.status = 404;
  EXPECT_FALSE(may_be_coded(rule, error));
}

TEST(MayBeCodedRfc9111_5_2_2_6, NoTransformForbidsIt) {
  const CodingRule rule{.types = {"*"}};
  EXPECT_FALSE(may_be_coded(rule, response_with("text/html", "max-age=5, No-Transform")));
  EXPECT_TRUE(may_be_coded(rule, response_with("text/html", "x=\"no-transform\"")));
}

TEST(CodingRule, BoundsAreInclusive) {
  const CodingRule rule{.types = {}, .min_bytes = 10, .max_bytes = 20};
  EXPECT_FALSE(rule.wants(9));
  EXPECT_TRUE(rule.wants(10));
  EXPECT_TRUE(rule.wants(20));
  EXPECT_FALSE(rule.wants(21));
}

TEST(VaryByCodingRfc9110_12_5_5, IsMergedAndSaidOnce) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "Accept-Encoding"},
      {"Cookie", "Cookie, Accept-Encoding"},
      {"cookie, ACCEPT-encoding", "cookie, ACCEPT-encoding"},
      {"*", "*"},
      {"X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"},
  };
  for (const auto& [before, after] : rows) {
    http::Fields fields;
    if (!before.empty()) fields.add("vary", before);
    vary_by_coding(fields);
    vary_by_coding(fields);
    EXPECT_EQ(fields.combined("vary"), after) << before;
    EXPECT_EQ(fields.count("vary"), 1U);
  }
  http::Fields two;
  two.add("vary", "a");
  two.add("vary", "b");
  vary_by_coding(two);
  EXPECT_EQ(two.combined("vary"), "a, b, Accept-Encoding");
}

TEST(SetCodingRfc9110_8_8_1, TheVariantHasAWeakEntityTagAndNothingOfTheIdentitysBytes) {
  http::Fields fields;
  for (const char* name :
       {"accept-ranges", "content-length", "content-md5", "content-digest", "repr-digest", "digest"})
    fields.add(name, "x");
  fields.add("etag", "\"1\"");
  fields.add("content-type", "text/html");
  set_coding(fields, Coding::Zstd);
  EXPECT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields.get("etag"), "W/\"1\"");
  EXPECT_EQ(fields.get("content-encoding"), "zstd");
  set_coding(fields, Coding::Zstd);
  EXPECT_EQ(fields.get("etag"), "W/\"1\"");
  http::Fields bare;
  set_coding(bare, Coding::Gzip);
  EXPECT_FALSE(bare.has("etag"));
}

TEST(CodedResponse, IsForPurgesWhatTheIdentityIs) {
  StoredResponse identity = response_with("text/html");
  identity.site = "s";
  identity.url = "https://a/b";
  identity.tags = {"t"};
  identity.fill_stamp = 7;
  identity.body_bytes = 100;
  const StoredResponse coded = coded_response(identity, Coding::Br, 9);
  EXPECT_EQ(coded.site, "s");
  EXPECT_EQ(coded.url, "https://a/b");
  EXPECT_EQ(coded.tags, identity.tags);
  EXPECT_EQ(coded.fill_stamp, 7U);
  EXPECT_EQ(coded.body_bytes, 9U);
  EXPECT_EQ(coded.fields.get("content-encoding"), "br");
}

TEST(ForwardingRfc9110_12_5_3_Identity, WhereTheEdgeCodesTheOriginIsAskedForIdentity) {
  http::RequestHead request;
  request.fields = accepting("br, gzip");
  const http::Fields sent = fields_to_origin(request, {}, {.node = "n", .identity = true});
  EXPECT_EQ(sent.get("accept-encoding"), "identity");
  EXPECT_EQ(variant_text({"accept-encoding"}, sent), variant_text({"accept-encoding"}, {}));
}

}  // namespace
}  // namespace policy
