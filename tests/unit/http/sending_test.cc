// SPDX-License-Identifier: Apache-2.0
#include "edge/http/sending.h"

#include <gtest/gtest.h>

#include <string>

#include "edge/http/h2_fields.h"

namespace http {
namespace {

using Sending = Fields::Sending;

Sending of(std::string_view name, std::string_view value) {
  Fields fields;
  fields.add(name, value);
  const Sending asked = sending_of(fields, 0);
  note_sending(fields);
  EXPECT_EQ(sending_of(fields, 0), asked) << name;
  EXPECT_EQ(fields.sending(0), asked) << name;
  return asked;
}

TEST(Sending, SessionsKeepFramingFieldsForThemselves) {
  EXPECT_NE(of("x-a", "b"), Sending::Never);
  for (const std::string name :
       {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "a b", ""}) {
    EXPECT_EQ(of(name, "b"), Sending::Never) << name;
  }
  EXPECT_EQ(of("x-a", "b\r\nc: d"), Sending::Never);
}

TEST(Sending, OnlyWhatRepeatsIsIndexed) {
  EXPECT_EQ(of("content-type", "text/css"), Sending::Indexed);
  EXPECT_EQ(of("Cache-Control", "max-age=60"), Sending::Indexed);
  for (const std::string name : {"cache-status", "date", "expires", "last-modified", "x-other"}) {
    EXPECT_EQ(of(name, "1"), Sending::Recurring) << name;
  }
  for (const std::string name :
       {"age", "etag", "location", "set-cookie", "www-authenticate", "x-csrf-token"}) {
    EXPECT_EQ(of(name, "1"), Sending::Literal) << name;
  }
}

TEST(Sending, WhatFillsTheTableIsALiteral) {
  EXPECT_EQ(of("x-other", std::string(500, 'v')), Sending::Recurring);
  EXPECT_EQ(of("x-other", std::string(600, 'v')), Sending::Literal);
}

/// Whether HPACK may index the field when a connection that has sent `sent` sends it.
bool indexed(const Fields& fields, std::string_view name, SentFields& sent) {
  ResponseHead head{.status = 200, .fields = fields};
  const H2Fields entries(head, H2Fields::Head::Once, sent);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const nghttp2_nv& entry = entries.data()[i];
    const std::string_view its_name(reinterpret_cast<const char*>(entry.name), entry.namelen);
    if (its_name == name) return (entry.flags & NGHTTP2_NV_FLAG_NO_INDEX) == 0;
  }
  ADD_FAILURE() << name << " is not sent";
  return false;
}

TEST(Sending, WhatRecursOnAConnectionIsIndexedFromItsSecondTimeOn) {
  Fields fields;
  fields.add("date", "Mon, 30 Nov 2026 16:00:00 GMT");
  fields.add("set-cookie", "a=b");
  fields.add("vary", "accept");
  SentFields sent;
  EXPECT_FALSE(indexed(fields, "date", sent));
  EXPECT_TRUE(indexed(fields, "date", sent));
  fields.set("date", "Mon, 30 Nov 2026 16:00:01 GMT");
  EXPECT_FALSE(indexed(fields, "date", sent));
  EXPECT_TRUE(indexed(fields, "date", sent));
  EXPECT_FALSE(indexed(fields, "set-cookie", sent)) << "of one client";
  SentFields of_another;
  EXPECT_FALSE(indexed(fields, "date", of_another));
  EXPECT_TRUE(indexed(fields, "vary", of_another));
}

TEST(Sending, WhatIsNotedStaysWithItsField) {
  Fields fields;
  fields.add("upgrade", "h2c");
  fields.add("vary", "accept");
  note_sending(fields);
  fields.remove("upgrade");
  fields.add("transfer-encoding", "chunked");
  const Fields copy = fields;
  EXPECT_EQ(sending_of(copy, 0), Sending::Indexed);
  EXPECT_EQ(copy.sending(1), Sending::Unknown);
  EXPECT_EQ(sending_of(copy, 1), Sending::Never);
  fields.set("vary", "a\nb");
  EXPECT_EQ(sending_of(fields, 1), Sending::Never);
}

}  // namespace
}  // namespace http
