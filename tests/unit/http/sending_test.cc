// SPDX-License-Identifier: Apache-2.0
#include "edge/http/sending.h"

#include <gtest/gtest.h>

#include <string>

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
  for (const std::string name : {"age", "date", "etag", "last-modified", "set-cookie", "cache-status", "x-other"}) {
    EXPECT_EQ(of(name, "1"), Sending::Literal) << name;
  }
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
