// SPDX-License-Identifier: Apache-2.0
#include "purge/nats/witness.h"

#include <utility>

namespace nats {

void Witness::look(const Place& place, std::optional<Entry> newest) {
  const std::optional<Entry> entry = std::exchange(before_, newest);
  if (!entry || entry->number < place.oldest || entry->number > place.head) return;
  const bool unmoved = entry->number == place.head && !place.last_at.empty() && place.last_at == good_at_;
  if (unmoved) return;
  stream_.get(entry->number, anchor_.wrap([this, entry = *entry, place,
                                           round = round_](const base::Result<std::string>& payload) {
    if (round == round_ && payload) compare(entry, place, *payload);
  }));
}

void Witness::compare(const Entry& entry, const Place& place, std::string_view payload) {
  const auto print = print_of_(payload);
  if (!print) return;
  if (*print != entry.print) return given_again_(entry.number);
  if (entry.number == place.head) good_at_ = place.last_at;
}

void Witness::forget() {
  before_.reset();
  good_at_.clear();
  ++round_;
}

}  // namespace nats
