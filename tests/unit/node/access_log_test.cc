// SPDX-License-Identifier: Apache-2.0
#include "edge/node/access_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace node {
namespace {

using namespace std::chrono_literals;

struct Exchange {
  http::RequestHead head{};
  http::ConnectionInfo connection{};
  http::Delivery delivery{};
  nlohmann::json line(std::optional<base::Duration> origin_time = {}) const {
    const std::string text = access_line({.head = head,
                                          .connection = connection,
                                          .delivery = delivery,
                                          .site = "www",
                                          .outcome = policy::Outcome::Hit,
                                          .begun = base::Steady{1h},
                                          .origin_time = origin_time,
                                          .at = base::Wall{1'790'000'000'123ms}});
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return nlohmann::json::parse(text);
  }
};

TEST(AccessLine, SaysWhatAnOperatorAsks) {
  Exchange exchange;
  exchange.head = {.version = http::Version::Http2,
                   .method = "GET",
                   .scheme = "https",
                   .authority = "www.a.test",
                   .target = "/x?y=1"};
  exchange.head.fields.add("referer", "https://a.test/");
  exchange.connection.client_address = "192.0.2.1";
  exchange.connection.id = 7;
  exchange.delivery = {.complete = true,
                       .status = 200,
                       .body_bytes = 1234,
                       .first_byte = base::Steady{1h + 1500us},
                       .end = base::Steady{1h + 20ms}};
  const nlohmann::json expected = {{"at", "2026-09-21T14:13:20.123Z"},
                                   {"site", "www"},
                                   {"client", "192.0.2.1"},
                                   {"connection", 7},
                                   {"protocol", "HTTP/2"},
                                   {"scheme", "https"},
                                   {"method", "GET"},
                                   {"host", "www.a.test"},
                                   {"target", "/x?y=1"},
                                   {"status", 200},
                                   {"cache", "hit"},
                                   {"bytes", 1234},
                                   {"complete", true},
                                   {"first_byte_ms", 1.5},
                                   {"total_ms", 20.0},
                                   {"origin_ms", 7.25},
                                   {"referer", "https://a.test/"},
                                   {"user_agent", ""}};
  EXPECT_EQ(exchange.line(7250us), expected);
}

TEST(AccessLine, LeavesOutTimesOfWhatDidNotHappen) {
  Exchange exchange;
  exchange.delivery.end = base::Steady{1h + 1ms};
  const nlohmann::json line = exchange.line();
  EXPECT_FALSE(line.contains("first_byte_ms"));
  EXPECT_FALSE(line.contains("origin_ms"));
  EXPECT_EQ(line["complete"], false);
  EXPECT_EQ(line["status"], 0);
}

TEST(AccessLine, IsValidJsonWhateverClientsSend) {
  Exchange exchange;
  exchange.head.target = std::string("/\"\\\n\x01\x7f\xff\xc3\xa9", 9);
  exchange.head.fields.add("user-agent", "\xff\xfe");
  const nlohmann::json line = exchange.line();
  // Each byte that is not ASCII is the code point of the same number.
  EXPECT_EQ(line["target"], "/\"\\\n\x01\x7f\u00ff\u00c3\u00a9");
  EXPECT_EQ(line["user_agent"], "\u00ff\u00fe");
}

}  // namespace
}  // namespace node
