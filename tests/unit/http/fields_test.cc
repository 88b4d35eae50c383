// SPDX-License-Identifier: Apache-2.0
#include "edge/http/fields.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace http {
namespace {

/// The same by a plain list.
using Plain = std::vector<std::pair<std::string, std::string>>;

void expect_same(const Fields& fields, const Plain& plain, const std::vector<std::string>& names) {
  ASSERT_EQ(fields.size(), plain.size());
  for (const std::string& name : names) {
    std::string combined;
    std::size_t count = 0;
    for (const auto& [other, value] : plain) {
      if (other != name) continue;
      combined += (count++ == 0 ? "" : ", ") + value;
    }
    ASSERT_EQ(fields.count(name), count) << name;
    ASSERT_EQ(fields.has(name), count != 0) << name;
    ASSERT_EQ(fields.combined(name), combined) << name;
    ASSERT_EQ(fields.get(name).has_value(), count != 0) << name;
  }
}

// Names of all lengths, more than there are bits to tell them apart.
std::vector<std::string> many_names() {
  std::vector<std::string> names;
  for (const char first : std::string_view("abchx")) {
    for (std::size_t size = 1; size <= 20; ++size) names.push_back(std::string(size, first) + (size % 2 == 0 ? "e" : ""));
  }
  return names;
}

TEST(Fields, FindsWhatAPlainListFinds) {
  const std::vector<std::string> names = many_names();
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Fields fields;
    Plain plain;
    for (int step = 0; step < 30; ++step) {
      const std::string& name = names[random() % names.size()];
      const std::string value = std::to_string(step);
      switch (random() % 4) {
        case 0:
          ASSERT_EQ(fields.remove(name), std::erase_if(plain, [&](const auto& p) { return p.first == name; }));
          break;
        case 1:
          fields.set(name, value);
          std::erase_if(plain, [&](const auto& p) { return p.first == name; });
          plain.emplace_back(name, value);
          break;
        default:
          fields.add(name, value);
          plain.emplace_back(name, value);
      }
    }
    expect_same(fields, plain, names);
    Fields copy = fields;
    expect_same(copy, plain, names);
    const Fields moved = std::move(copy);
    expect_same(moved, plain, names);
    fields.clear();
    expect_same(fields, {}, names);
  }
}

TEST(Fields, NamesAreKeptInLowerCase) {
  Fields fields;
  fields.add("Content-TYPE", "A");
  EXPECT_EQ(fields.get("content-type"), "A");
  EXPECT_EQ(fields.get("Content-TYPE"), std::nullopt);
  EXPECT_EQ(fields.count(""), 0U);
}

}  // namespace
}  // namespace http
