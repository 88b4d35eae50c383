// SPDX-License-Identifier: Apache-2.0
#include "origin/server/resource_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace origin {
namespace {

TEST(ResourceName, DecodesPlainNamesOnce) {
  struct Case {
    std::string target;
    std::string path;
    bool folder;
  };
  for (const Case& one : std::vector<Case>{{"/", "", true},
                                           {"/a.txt", "a.txt", false},
                                           {"/a/b/", "a/b", true},
                                           {"/a%20b?x=/../", "a b", false},
                                           {"/%2541", "%41", false},
                                           {"/.well-known/x", ".well-known/x", false},
                                           {"/a/.selvage", "a/.selvage", false},
                                           {"/.selvage.txt", ".selvage.txt", false},
                                           {"/..a/b..", "..a/b..", false}}) {
    const auto name = resource_name(one.target);
    ASSERT_TRUE(name) << one.target << ": " << name.error().text;
    EXPECT_EQ(name->path, one.path) << one.target;
    EXPECT_EQ(name->folder, one.folder) << one.target;
  }
}

TEST(ResourceName, RefusesWhatIsNotPlain) {
  for (const std::string& target :
       std::vector<std::string>{"",
                                "*",
                                "a",
                                "/..",
                                "/../a",
                                "/a/../../b",
                                "/a/./b",
                                "/%2e%2e/a",
                                "/%2E./a",
                                "/a//b",
                                "//a",
                                "/a%2fb",
                                "/..%2f",
                                "/a%00b",
                                "/a%0ab",
                                "/a%7f",
                                "/a%",
                                "/a%4",
                                "/a%zz",
                                "/.selvage",
                                "/.selvage/x",
                                "/%2eselvage/x",
                                "/" + std::string(256, 'x'),
                                "/" + std::string(250, 'x') + "/" + std::string(4000, '/')}) {
    const auto name = resource_name(target);
    ASSERT_FALSE(name) << target;
    EXPECT_EQ(name.error().status, 400) << target;
    EXPECT_FALSE(name.error().text.empty());
  }
}

}  // namespace
}  // namespace origin
