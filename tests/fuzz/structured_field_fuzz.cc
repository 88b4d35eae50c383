// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "edge/base/check.h"
#include "edge/policy/structured_field.h"

namespace {

using policy::InnerList;
using policy::Item;
using policy::Member;

void check_item(const Item& item) { CHECK(item.parameters.size() <= policy::kParametersMax); }

void check_member(const Member& member) {
  if (const auto* item = std::get_if<Item>(&member)) return check_item(*item);
  const auto& list = std::get<InnerList>(member);
  CHECK(list.items.size() <= policy::kInnerItemsMax && list.parameters.size() <= policy::kParametersMax);
  for (const Item& item : list.items) check_item(item);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto list = policy::parse_list(text);
  CHECK(!list || list->size() <= policy::kMembersMax);
  for (const Member& member : list.value_or(policy::List{})) check_member(member);

  const auto dictionary = policy::parse_dictionary(text);
  CHECK(!dictionary || dictionary->size() <= policy::kMembersMax);
  for (const auto& member : dictionary.value_or(policy::Dictionary{})) check_member(member.value);

  // An item is a list of one.
  const auto item = policy::parse_item(text);
  if (item) {
    check_item(*item);
    CHECK(list && list->size() == 1);
  }
  const auto written = policy::parse_item(policy::structured_string(text));
  CHECK(written && std::holds_alternative<std::string>(written->value));
  return 0;
}
