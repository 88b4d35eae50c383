// SPDX-License-Identifier: Apache-2.0
#include "edge/http/hop_by_hop.h"

#include <gtest/gtest.h>

#include "tests/support/heads.h"

namespace http {
namespace {

TEST(HopByHopRfc9110_7_6_1, FieldsOfTheConnectionEndHere) {
  Fields fields = support::fields({{"connection", "Close, X-Hop"},
                                   {"x-hop", "1"},
                                   {"Connection", ",X-Other ,"},
                                   {"x-other", "1"},
                                   {"keep-alive", "1"},
                                   {"te", "trailers"},
                                   {"trailer", "a"},
                                   {"transfer-encoding", "chunked"},
                                   {"upgrade", "h2c"},
                                   {"proxy-connection", "1"},
                                   {"proxy-authorization", "1"},
                                   {"proxy-authenticate", "1"},
                                   {"proxy-authentication-info", "1"},
                                   {"http2-settings", "1"},
                                   {"expect", "100-continue"},
                                   {"proxy-status", "kept"},
                                   {"a", "kept"}});
  remove_hop_by_hop(fields);
  EXPECT_TRUE(fields == support::fields({{"proxy-status", "kept"}, {"a", "kept"}}));
}

TEST(HopByHopRfc9110_7_6_1, ConnectionTakesNoEndToEndFieldAway) {
  const Fields kept = support::fields({{"authorization", "1"},
                                       {"cookie", "2"},
                                       {"cache-control", "no-store"},
                                       {"set-cookie", "3"},
                                       {"vary", "cookie"},
                                       {"surrogate-key", "a"},
                                       {"if-none-match", "*"},
                                       {"pragma", "no-cache"}});
  Fields fields = kept;
  for (const Fields::Field field : kept) fields.add("connection", field.name);
  fields.add("connection", "Cache-Control, x");
  fields.add("x", "3");
  remove_hop_by_hop(fields);
  EXPECT_TRUE(fields == kept);
}

}  // namespace
}  // namespace http
