// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/structured_field.h"

#include <gtest/gtest.h>

namespace {

using policy::BareItem;
using policy::ByteSequence;
using policy::Date;
using policy::Decimal;
using policy::Dictionary;
using policy::DisplayString;
using policy::InnerList;
using policy::Item;
using policy::List;
using policy::parse_dictionary;
using policy::parse_item;
using policy::parse_list;
using policy::Token;

void expect_items(std::initializer_list<std::pair<std::string, std::optional<BareItem>>> cases) {
  for (const auto& [text, expected] : cases) {
    const auto item = parse_item(text);
    ASSERT_EQ(item.has_value(), expected.has_value()) << text;
    if (item) {
      EXPECT_TRUE(item->value == *expected) << text;
    }
  }
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(StructuredFieldRfc9651_4_2_4, IntegersAndDecimals) {
  expect_items({{"42", std::int64_t{42}},
                {"-42", std::int64_t{-42}},
                {"0", std::int64_t{0}},
                {"-0", std::int64_t{0}},
                {"007", std::int64_t{7}},
                {"  7  ", std::int64_t{7}},
                {"999999999999999", std::int64_t{999'999'999'999'999}},
                {"1000000000000000", {}},
                {"1.5", Decimal{1500}},
                {"-1.05", Decimal{-1050}},
                {"0.001", Decimal{1}},
                {"999999999999.999", Decimal{999'999'999'999'999}},
                {"1000000000000.1", {}},
                {"1.0000", {}},
                {"1.", {}},
                {".1", {}},
                {"-", {}},
                {"--1", {}},
                {"+1", {}},
                {"1e3", {}},
                {"1 2", {}},
                {"\t1", {}},
                {"", {}}});
}

TEST(StructuredFieldRfc9651_4_2_5, Strings) {
  expect_items({{R"("")", std::string()},
                {R"("a b")", std::string("a b")},
                {R"("a\"b\\c")", std::string("a\"b\\c")},
                {R"("a\b")", {}},
                {R"("a)", {}},
                {R"("a\)", {}},
                {"\"a\tb\"", {}},
                {"\"\x80\"", {}},
                {"\"a\"b", {}},
                {"'a'", {}}});
}

TEST(StructuredFieldRfc9651_4_2_6, Tokens) {
  expect_items({{"a", Token{"a"}},
                {"*a", Token{"*a"}},
                {"Foo123/456:x", Token{"Foo123/456:x"}},
                {"a!#$%&'*+-.^_`|~", Token{"a!#$%&'*+-.^_`|~"}},
                {"!a", {}},
                {"a b", {}},
                {"a\"", {}},
                {"a,b", {}}});
}

TEST(StructuredFieldRfc9651_4_2_7, ByteSequences) {
  expect_items({{"::", ByteSequence{}},
                {":aGVsbG8=:", ByteSequence{"hello"}},
                {":aGVsbG8:", ByteSequence{"hello"}},
                {":/+Ah:", ByteSequence{"\xff\xe0\x21"}},
                {":aGVsbG9=:", ByteSequence{"hello"}},
                {":aGVsbG8", {}},
                {":aGVs bG8=:", {}},
                {":=:", ByteSequence{}},
                {":a:", {}},
                {":a=b=:", {}},
                {":_-8=:", {}}});
}

TEST(StructuredFieldRfc9651_4_2_8, Booleans) {
  expect_items({{"?1", true}, {"?0", false}, {"?2", {}}, {"?", {}}, {"?10", {}}, {"?T", {}}});
}

TEST(StructuredFieldRfc9651_4_2_9, Dates) {
  expect_items(
      {{"@1659578233", Date{1'659'578'233}}, {"@-1", Date{-1}}, {"@1.5", {}}, {"@", {}}, {"@a", {}}});
}

TEST(StructuredFieldRfc9651_4_2_10, DisplayStrings) {
  expect_items({{"%\"\"", DisplayString{}},
                {"%\"a b\"", DisplayString{"a b"}},
                {"%\"f%c3%bc%25\"", DisplayString{"f\xc3\xbc%"}},
                {"%\"%f0%9f%98%80\"", DisplayString{"\xf0\x9f\x98\x80"}},
                {"%\"%C3%BC\"", {}},
                {"%\"%c3\"", {}},
                {"%\"%c0%80\"", {}},
                {"%\"%ed%a0%80\"", {}},
                {"%\"%f4%90%80%80\"", {}},
                {"%\"%e0%80%80\"", {}},
                {"%\"%f0%80%80%80\"", {}},
                {"%\"%f5%80%80%80\"", {}},
                {"%\"%g0\"", {}},
                {"%\"%2\"", {}},
                {"%\"\x80\"", {}},
                {"%\"a", {}},
                {"%a", {}}});
}

TEST(StructuredFieldRfc9651_4_2_3_2, Parameters) {
  const auto item = parse_item("a;b;c=1; *d=\"x\";b=?0");
  ASSERT_TRUE(item);
  ASSERT_EQ(item->parameters.size(), 3U);
  // The last value counts, at the place of the first.
  EXPECT_EQ(item->parameters[0].key, "b");
  EXPECT_TRUE(item->parameters[0].value == BareItem{false});
  EXPECT_TRUE(item->parameters[1].value == BareItem{std::int64_t{1}});
  EXPECT_EQ(item->parameters[2].key, "*d");
  for (const char* text : {"a;", "a;B", "a; ", "a ;b", "a;b=", "a;b= 1", "a;b =1", "a;1", "a;\tb"}) {
    EXPECT_FALSE(parse_item(text)) << text;
  }
}

TEST(StructuredFieldRfc9651_4_2_1, Lists) {
  const std::pair<const char*, std::optional<std::size_t>> cases[] = {
      {"", 0},
      {"  ", 0},
      {"a", 1},
      {"a,b", 2},
      {"a \t,\t b", 2},
      {"a, b ", 2},
      {"1, \"x\", (a b);q, ?1", 4},
      {"a,", {}},
      {"a, ", {}},
      {",a", {}},
      {"a,,b", {}},
      {"a b", {}},
      {"a;b,c;d=1", 2},
      {"\t", {}},
      {"a\t", 1},
      {"(a", {}},
      {"a)", {}},
  };
  for (const auto& [text, expected] : cases) {
    const auto list = parse_list(text);
    ASSERT_EQ(list.has_value(), expected.has_value()) << text;
    if (list) {
      EXPECT_EQ(list->size(), *expected) << text;
    }
  }
}

TEST(StructuredFieldRfc9651_4_2_1_2, InnerLists) {
  const std::pair<const char*, std::optional<std::size_t>> cases[] = {
      {"()", 0},     {"(  )", 0},   {"(a b)", 2},     {"( a  b )", 2}, {"(a;x b;y=1);z", 2}, {"(a\tb)", {}},
      {"(a,b)", {}}, {"((a))", {}}, {"(a\"b\")", {}}, {"(a b", {}},    {"(a b);", {}},
  };
  for (const auto& [text, expected] : cases) {
    const auto list = parse_list(text);
    ASSERT_EQ(list.has_value(), expected.has_value()) << text;
    if (list) {
      EXPECT_EQ(std::get<InnerList>(list->at(0)).items.size(), *expected) << text;
    }
  }
}

TEST(StructuredFieldRfc9651_4_2_2, Dictionaries) {
  const auto dictionary = parse_dictionary("a, b=2;x, c=(1 2), a;y=1, d=?0");
  ASSERT_TRUE(dictionary);
  ASSERT_EQ(dictionary->size(), 4U);
  EXPECT_EQ(dictionary->at(0).key, "a");
  EXPECT_EQ(std::get<Item>(dictionary->at(0).value).parameters.size(), 1U);
  EXPECT_TRUE(std::get<Item>(dictionary->at(0).value).value == BareItem{true});
  EXPECT_TRUE(std::get<Item>(dictionary->at(1).value).value == BareItem{std::int64_t{2}});
  EXPECT_TRUE(std::holds_alternative<InnerList>(dictionary->at(2).value));
  EXPECT_TRUE(std::get<Item>(dictionary->at(3).value).value == BareItem{false});
  EXPECT_EQ(parse_dictionary("")->size(), 0U);
  for (const char* text :
       {"A=1", "a=", "a=1,", "a =1", "a= 1", "1=a", "a b", "a;", "=1", ",", "a,,b", "\"a\""}) {
    EXPECT_FALSE(parse_dictionary(text)) << text;
  }
}

TEST(StructuredFieldRfc9651_3, NothingIsWithoutBounds) {
  EXPECT_TRUE(parse_list(repeated("a,", 1023) + "a"));
  EXPECT_FALSE(parse_list(repeated("a,", 1024) + "a"));
  EXPECT_TRUE(parse_list("(" + repeated("a ", 256) + ")"));
  EXPECT_FALSE(parse_list("(" + repeated("a ", 257) + ")"));
  std::string keys;
  for (int i = 0; i < 256; ++i) keys += ";k" + std::to_string(i);
  EXPECT_TRUE(parse_item("a" + keys));
  EXPECT_FALSE(parse_item("a" + keys + ";z"));
  EXPECT_TRUE(parse_item("a" + keys + ";k0"));
  EXPECT_TRUE(parse_item("\"" + repeated("x", 1024) + "\""));
}

TEST(StructuredFieldRfc9651_4_1_6, StringsAreWrittenAsTheyAreRead) {
  EXPECT_EQ(policy::structured_string(""), "\"\"");
  EXPECT_EQ(policy::structured_string("a\"b\\c\n\x80"), "\"a\\\"b\\\\c\"");
  for (const char* text : {"", "a", "\"", "\\\\\"", "/a?b=\"c\""}) {
    EXPECT_TRUE(parse_item(policy::structured_string(text))->value == BareItem{std::string(text)}) << text;
  }
}

}  // namespace
