// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/invalidation.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace {

http::RequestHead post(std::string_view target) {
  http::RequestHead request = support::get(target);
  request.method = "POST";
  return request;
}

std::vector<std::string> targets(const http::RequestHead& request, const http::ResponseHead& response) {
  std::vector<std::string> out;
  for (const http::RequestHead& target : policy::invalidated_targets(request, response)) {
    EXPECT_EQ(target.method, "GET");
    EXPECT_EQ(target.authority, request.authority);
    out.push_back(target.scheme == request.scheme ? target.target : target.scheme + " " + target.target);
  }
  return out;
}

TEST(InvalidationRfc9111_4_4, OnlyAnUnsafeRequestThatSucceededInvalidates) {
  struct Case {
    const char* method;
    int status;
    bool expected;
  };
  const Case cases[] = {{"POST", 200, true},    {"PUT", 204, true},   {"DELETE", 303, true},
                        {"FOO", 399, true},     {"POST", 400, false}, {"POST", 404, false},
                        {"PUT", 500, false},    {"GET", 200, false},  {"HEAD", 200, false},
                        {"OPTIONS", 200, false}};
  for (const Case& c : cases) {
    EXPECT_EQ(policy::invalidates(c.method, c.status), c.expected) << c.method << c.status;
    http::RequestHead request = support::get("/a");
    request.method = c.method;
    EXPECT_EQ(targets(request, support::response(c.status, {{"location", "/b"}})).size(),
              c.expected ? 2U : 0U)
        << c.method << c.status;
  }
}

TEST(InvalidationRfc9111_4_4, LocationAndContentLocationOfTheSameHost) {
  const std::pair<const char*, std::optional<std::string>> cases[] = {
      {"/b", "/b"},
      {"/b?c=1", "/b?c=1"},
      {"/b?c=1#d", "/b?c=1"},
      {"b", "/x/b"},
      {"./b", "/x/./b"},
      {"../b", "/x/../b"},
      {"b/c?d", "/x/b/c?d"},
      {"?z=2", "/x/y?z=2"},
      {"", "/x/y?q=1"},
      {"#top", "/x/y?q=1"},
      {"/b:c", "/b:c"},
      {"./b:c", "/x/./b:c"},
      {" /b ", "/b"},
      {"//www.example.com/b", "/b"},
      {"//WWW.example.com:8443/b", "/b"},
      {"https://www.example.com/b?c", "/b?c"},
      {"HTTPS://www.EXAMPLE.com", "/"},
      {"https://www.example.com?c", "/?c"},
      {"http://www.example.com/b", "http /b"},
      // Other origins, and what is no place on one.
      {"https://other.example.com/b", {}},
      {"//other.example.com/b", {}},
      {"https://www.example.com.evil.example/b", {}},
      {"https://www.example.com@evil.example/b", {}},
      {"https:/b", {}},
      {"https:b", {}},
      {"ftp://www.example.com/b", {}},
      {"mailto:a@www.example.com", {}},
  };
  for (const auto& [text, expected] : cases) {
    std::vector<std::string> wanted{"/x/y?q=1"};
    if (expected) wanted.push_back(*expected);
    for (const char* name : {"location", "content-location"}) {
      EXPECT_EQ(targets(post("/x/y?q=1"), support::response(201, {{name, text}})), wanted) << name << text;
    }
  }
  EXPECT_EQ(targets(post("/a"), support::response(201, {{"location", "/b"}, {"content-location", "/c"}})),
            (std::vector<std::string>{"/a", "/b", "/c"}));
}

}  // namespace
