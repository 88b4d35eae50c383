// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/conditional.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

using policy::Evaluator;
using policy::Precondition;
using support::at;
using support::date;
using support::FieldList;

struct TagCase {
  const char* list;
  const char* etag;
  bool strongly;
  bool weakly;
};

TEST(EntityTagRfc9110_8_8_3_2, StrongAndWeakComparison) {
  const TagCase cases[] = {
      {"W/\"1\"", "W/\"1\"", false, true},
      {"W/\"1\"", "W/\"2\"", false, false},
      {"W/\"1\"", "\"1\"", false, true},
      {"\"1\"", "W/\"1\"", false, true},
      {"\"1\"", "\"1\"", true, true},
      {"\"1\"", "\"2\"", false, false},
      {"\"0\", \"1\", \"2\"", "\"1\"", true, true},
      {"\"1\",\"2\"", "\"1\"", true, true},
      {"\"0\" ,, \"1\"", "\"1\"", true, true},
      {"\"0\", \"2\", \"1\"", "\"1\"", true, true},
      {"\"a,b\"", "\"a,b\"", true, true},
      {"\"a\", \"b\"", "\"a,b\"", false, false},
      {"\"a, \\\"b\\\"\"", "\"b\\\"", false, false},
      {"\"\"", "\"\"", true, true},
      {"*", "\"1\"", true, true},
      {" * ", "\"1\"", true, true},
      {"*", "", true, true},
      {"", "\"1\"", false, false},
      {"\"1\"", "", false, false},
      {"\"abcdef\xfc\"", "\"abcdef\xfc\"", true, true},
      {"\"ABC\"", "\"abc\"", false, false},
      // Without quotes it is no entity-tag: never strong.
      {"abcdef", "abcdef", false, true},
      {"abcdef", "\"abcdef\"", false, false},
      {"w/\"a\"", "w/\"a\"", false, true},
      {"W/\"a", "W/\"a\"", false, false},
      {"\"", "\"", false, true},
  };
  for (const TagCase& c : cases) {
    EXPECT_EQ(policy::matches_strongly(c.list, c.etag), c.strongly) << c.list << " strongly " << c.etag;
    EXPECT_EQ(policy::matches_weakly(c.list, c.etag), c.weakly) << c.list << " weakly " << c.etag;
  }
}

struct ConditionCase {
  const char* what;
  http::Fields request;
  Precondition expected;
};

void evaluate_all(const char* method, int status, const http::Fields& response, Evaluator who,
                  std::initializer_list<ConditionCase> cases) {
  for (const ConditionCase& c : cases) {
    http::RequestHead request = support::get("/");
    request.method = method;
    request.fields = c.request;
    EXPECT_EQ(policy::evaluate(request, status, response, at(0), who), c.expected) << method << " " << c.what;
  }
}

const std::string kModified = date(-3000);
const std::string kEarlier = date(-3001);
const std::string kLater = date(-2000);

TEST(EvaluateRfc9110_13_2_2, NoneMatchTakesPrecedenceOverModifiedSince) {
  const auto response = support::fields({{"etag", "\"a\""}, {"last-modified", kModified}, {"date", date(0)}});
  for (const char* method : {"GET", "HEAD"}) {
    evaluate_all(
        method, 200, response, Evaluator::Cache,
        {
            {"none", support::fields({}), Precondition::Proceed},
            {"match", support::fields({{"if-none-match", "\"a\""}}), Precondition::NotModified},
            {"weak match", support::fields({{"if-none-match", "W/\"a\""}}), Precondition::NotModified},
            {"no match", support::fields({{"if-none-match", "\"b\""}}), Precondition::Proceed},
            {"list", support::fields({{"if-none-match", "\"b\", \"a\""}}), Precondition::NotModified},
            {"two lines", support::fields({{"if-none-match", "\"b\""}, {"if-none-match", "\"a\""}}),
             Precondition::NotModified},
            {"star", support::fields({{"if-none-match", "*"}}), Precondition::NotModified},
            {"match beats date",
             support::fields({{"if-none-match", "\"a\""}, {"if-modified-since", kEarlier}}),
             Precondition::NotModified},
            {"no match beats date",
             support::fields({{"if-none-match", "\"b\""}, {"if-modified-since", kLater}}),
             Precondition::Proceed},
        });
  }
}

TEST(EvaluateRfc9110_13_1_3, ModifiedSince) {
  const auto response = support::fields({{"last-modified", kModified}, {"date", date(0)}});
  evaluate_all(
      "GET", 200, response, Evaluator::Cache,
      {
          {"same", support::fields({{"if-modified-since", kModified}}), Precondition::NotModified},
          {"later", support::fields({{"if-modified-since", kLater}}), Precondition::NotModified},
          {"future", support::fields({{"if-modified-since", date(500)}}), Precondition::NotModified},
          {"earlier", support::fields({{"if-modified-since", kEarlier}}), Precondition::Proceed},
          {"rfc 850", support::fields({{"if-modified-since", "Sunday, 06-Nov-94 07:10:00 GMT"}}),
           Precondition::NotModified},
          {"unreadable", support::fields({{"if-modified-since", "yesterday"}}), Precondition::Proceed},
          {"two", support::fields({{"if-modified-since", kLater}, {"if-modified-since", kLater}}),
           Precondition::Proceed},
      });
  evaluate_all("POST", 200, response, Evaluator::Origin,
               {
                   {"not for POST", support::fields({{"if-modified-since", kLater}}), Precondition::Proceed},
               });
}

TEST(EvaluateRfc9111_4_3_2, WithoutLastModifiedACacheTakesDateThenThePresent) {
  const auto dated = support::fields({{"date", date(-100)}});
  evaluate_all(
      "GET", 200, dated, Evaluator::Cache,
      {
          {"at Date", support::fields({{"if-modified-since", date(-100)}}), Precondition::NotModified},
          {"before Date", support::fields({{"if-modified-since", date(-101)}}), Precondition::Proceed},
      });
  evaluate_all("GET", 200, {}, Evaluator::Cache,
               {
                   {"now", support::fields({{"if-modified-since", date(0)}}), Precondition::NotModified},
                   {"before", support::fields({{"if-modified-since", date(-1)}}), Precondition::Proceed},
               });
  evaluate_all(
      "GET", 200, dated, Evaluator::Origin,
      {
          {"an origin ignores it", support::fields({{"if-modified-since", date(0)}}), Precondition::Proceed},
      });
}

TEST(EvaluateRfc9111_4_3_2, ACacheDoesNotEvaluateWhatIsForTheOrigin) {
  const auto response = support::fields({{"etag", "\"a\""}, {"last-modified", kModified}});
  evaluate_all("GET", 200, response, Evaluator::Cache,
               {
                   {"If-Match", support::fields({{"if-match", "\"b\""}}), Precondition::Proceed},
                   {"If-Unmodified-Since", support::fields({{"if-unmodified-since", kEarlier}}),
                    Precondition::Proceed},
               });
}

TEST(EvaluateRfc9110_13_2_2, OrderAtTheOrigin) {
  const auto response = support::fields({{"etag", "\"a\""}, {"last-modified", kModified}});
  for (const char* method : {"GET", "PUT"}) {
    evaluate_all(
        method, 200, response, Evaluator::Origin,
        {
            {"If-Match", support::fields({{"if-match", "\"a\""}}), Precondition::Proceed},
            {"If-Match fails", support::fields({{"if-match", "\"b\""}}), Precondition::Failed},
            {"If-Match is strong", support::fields({{"if-match", "W/\"a\""}}), Precondition::Failed},
            {"If-Match: *", support::fields({{"if-match", "*"}}), Precondition::Proceed},
            {"unmodified", support::fields({{"if-unmodified-since", kModified}}), Precondition::Proceed},
            {"modified", support::fields({{"if-unmodified-since", kEarlier}}), Precondition::Failed},
            {"unreadable", support::fields({{"if-unmodified-since", "x"}}), Precondition::Proceed},
            {"If-Match beats the date",
             support::fields({{"if-match", "\"a\""}, {"if-unmodified-since", kEarlier}}),
             Precondition::Proceed},
            {"If-Match fails first", support::fields({{"if-match", "\"b\""}, {"if-none-match", "\"a\""}}),
             Precondition::Failed},
        });
  }
  const auto match = support::fields({{"if-match", "\"a\""}, {"if-none-match", "\"a\""}});
  evaluate_all("GET", 200, response, Evaluator::Origin, {{"both match", match, Precondition::NotModified}});
  evaluate_all("PUT", 200, response, Evaluator::Origin, {{"both match", match, Precondition::Failed}});
}

TEST(EvaluateRfc9110_13_2_1, OnlyForSuccess) {
  const auto response = support::fields({{"etag", "\"a\""}});
  const auto condition = support::fields({{"if-none-match", "\"a\""}});
  for (const int status : {301, 404, 410, 500}) {
    evaluate_all("GET", status, response, Evaluator::Cache, {{"ignored", condition, Precondition::Proceed}});
    evaluate_all("GET", status, response, Evaluator::Origin, {{"ignored", condition, Precondition::Proceed}});
  }
  evaluate_all("GET", 203, response, Evaluator::Cache, {{"203", condition, Precondition::NotModified}});
}

TEST(ValidatorsRfc9111_4_3_1, ReplaceTheConditionsOfTheRequest) {
  policy::StoredResponse stored;
  http::Fields request = support::fields({{"if-none-match", "\"z\""}, {"if-match", "\"y\""}, {"a", "1"}});
  EXPECT_FALSE(policy::add_validators(stored, request));
  EXPECT_TRUE(request == support::fields({{"a", "1"}}));

  stored.fields.add("etag", "W/\"a\"");
  EXPECT_TRUE(policy::add_validators(stored, request));
  EXPECT_TRUE(request == support::fields({{"a", "1"}, {"if-none-match", "W/\"a\""}}));

  stored.fields.add("last-modified", kModified);
  EXPECT_TRUE(policy::add_validators(stored, request));
  EXPECT_TRUE(request ==
              support::fields({{"a", "1"}, {"if-none-match", "W/\"a\""}, {"if-modified-since", kModified}}));
}

}  // namespace
