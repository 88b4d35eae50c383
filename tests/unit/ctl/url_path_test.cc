// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/url_path.h"

#include <gtest/gtest.h>

namespace ctl {
namespace {

TEST(HttpUrlTest, HasASchemeAndAHost) {
  for (const char* good : {"http://a", "https://a.test:80/x?y", "http://[::1]:80/", "https://127.0.0.1"})
    EXPECT_TRUE(is_http_url(good)) << good;
  for (const char* bad : {"", "a.test/x", "ftp://a.test/", "http:/a", "https://", "http:///x", "http://:80/",
                          "http://a b/", "HTTP"})
    EXPECT_FALSE(is_http_url(bad)) << bad;
}

}  // namespace
}  // namespace ctl
