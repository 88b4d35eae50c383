// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/address_range.h"

#include <gtest/gtest.h>

namespace loop {
namespace {

bool within(std::string_view range, std::string_view host) {
  const auto parsed = AddressRange::parse(range);
  if (!parsed) ADD_FAILURE() << parsed.error().text;
  return parsed && parsed->contains(host);
}

TEST(AddressRange, ContainsWhatBeginsWithItsBits) {
  EXPECT_TRUE(within("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(within("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(within("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(within("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(within("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(within("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(within("0.0.0.0/0", "203.0.113.9"));
  EXPECT_TRUE(within("2001:db8::/32", "2001:db8:1::1"));
  EXPECT_FALSE(within("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(within("::/0", "::1"));
}

TEST(AddressRange, TellsFamiliesApartButForMappedAddresses) {
  EXPECT_FALSE(within("0.0.0.0/0", "::1"));
  EXPECT_FALSE(within("::/0", "192.0.2.1"));
  EXPECT_TRUE(within("192.0.2.0/24", "::ffff:192.0.2.7"));
}

TEST(AddressRange, ContainsNoTextThatIsNoAddress) {
  for (const char* host : {"", "unix", "10.0.0", "10.0.0.1:80", "[::1]"})
    EXPECT_FALSE(within("0.0.0.0/0", host)) << host;
}

TEST(AddressRange, SaysWhatIsAllowed) {
  for (const char* text :
       {"", "host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1/8", "10.0.0.0/8/8", "2001:db8::1/32", "::/129"}) {
    const auto range = AddressRange::parse(text);
    ASSERT_FALSE(range) << text;
    EXPECT_NE(range.error().text.find("allowed"), std::string::npos);
  }
}

}  // namespace
}  // namespace loop
