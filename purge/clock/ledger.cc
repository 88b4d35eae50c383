// SPDX-License-Identifier: Apache-2.0
// A name is a 128-bit fingerprint (names.h); a table keeps the newest hard and soft stamp of each. Wildcards,
// and URLs with the fields of a variant, are compared one by one, the newest first, until one is not newer
// than what was asked. apply() enters first and moves the clock after, with release order: whoever has read
// the clock finds at least what it counts.
#include "purge/clock/ledger.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "edge/base/text.h"
#include "edge/base/wildcard.h"
#include "purge/clock/names.h"
#include "purge/clock/patterns.h"
#include "purge/clock/stamps.h"

namespace purge {
namespace {

using Name = Ledger::Name;
using Row = Ledger::Row;

constexpr std::size_t kPrefixDepthMax = 64;    // slashes of a path
constexpr std::string_view kFoldedText = "T";  // of rows of folded tags: that there are any is to be known

// A prefix is kept without its last slash: it covers itself and what follows a slash.
std::string_view bare_prefix(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

// The path of a URL without its query: prefixes and wildcards cover all query strings.
std::string_view without_query(std::string_view url) { return url.substr(0, url.find('?')); }

// What lies deeper is purged with its ancestor of this depth, so that a path of very many slashes is not
// looked at over and over.
std::string_view at_most_deep(std::string_view path) {
  std::size_t at = path.find('/');
  for (std::size_t depth = 0; at != std::string_view::npos && depth < kPrefixDepthMax; ++depth)
    at = path.find('/', at + 1);
  return path.substr(0, at);
}

/// Its tags, and those that nobody has to set.
void look_tags(const Subject& subject, const auto& look) {
  for (const std::string& tag : subject.tags) look(tag);
  if (subject.status != 0) look("status=" + std::to_string(subject.status));
  if (subject.content_type.empty()) return;
  const std::string_view media_type = subject.content_type.substr(0, subject.content_type.find(';'));
  const std::string type = "type=" + base::lowered(base::trimmed(media_type));
  look(type);
  look(type.substr(0, type.find('/')) + "/*");
}

/// One name of a purge: under what it is kept, and what of it is compared, if that is not the name.
struct Entry {
  NameKind kind = NameKind::Site;
  Name name{};
  Name group{};          ///< of wildcards: the site; of variants: the URL
  std::string text{};    ///< compared: the wildcard, or the fields as text_of() gives them
  std::string stored{};  ///< Row::text
};

VariantHeaders headers_of(std::string_view text) {
  VariantHeaders headers;
  std::pair<std::string, std::string> header;
  while (take_text(text, header.first) && take_text(text, header.second)) headers.push_back(header);
  return headers;
}

Entry wildcard_entry(std::string_view site, std::string wildcard) {
  const Namer namer(site);
  Entry entry{.kind = NameKind::Wildcard,
              .name = namer.name(NameKind::Wildcard, wildcard),
              .group = namer.name(NameKind::Site, ""),
              .stored = 'w' + joined({site, wildcard})};
  entry.text = std::move(wildcard);
  return entry;
}

Entry variant_entry(std::string_view site, const std::string& url, std::string headers) {
  const Namer namer(site);
  Entry entry{.kind = NameKind::Variant,
              .name = namer.name(NameKind::Variant, joined({url, headers})),
              .group = namer.name(NameKind::Url, url),
              .stored = 'v' + joined({site, url, headers})};
  entry.text = std::move(headers);
  return entry;
}

/// The entry of a row with a text; nothing if it cannot be read.
std::optional<Entry> entry_of(const Row& row) {
  std::string_view rest = row.text;
  if (rest == kFoldedText) return Entry{.kind = NameKind::FoldedTag, .name = row.name()};
  const char kind = rest.front();
  rest.remove_prefix(1);
  std::string site;
  std::string first;
  std::string second;
  if (!take_text(rest, site) || !take_text(rest, first)) return {};
  if (kind == 'w' && rest.empty()) return wildcard_entry(site, std::move(first));
  if (kind == 'v' && take_text(rest, second) && rest.empty())
    return variant_entry(site, first, std::move(second));
  return {};
}

}  // namespace

struct Ledger::Impl {
  Normaliser normalise;
  Limits limits;
  StampTable table{};
  PatternTable wildcards;
  PatternTable variants;
  std::atomic<bool> folds{false};  ///< there are, or were, purges of tags in whatever case
  std::atomic<Stamp> now{0};
  std::atomic<Stamp> all_before{0};  ///< everything with a lower stamp is dead

  std::size_t entries() const { return table.size() + wildcards.size() + variants.size(); }
  void raise_floor();
  std::size_t erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted);
  Entry entry_of_name(const Purge& purge, std::size_t index) const;
  std::vector<Entry> entries_of(const Purge& purge) const;
  std::optional<Row> enter(const Entry& entry, const Stamps& stamps);
  std::optional<Row> enter_pattern(PatternTable& patterns, const Entry& entry, const Stamps& stamps);
  Stamps stamps_of(const Entry& entry) const;
  template <typename Take>
  void each_match(const Subject& subject, Stamp since, const Take& take) const;
  Stamps newest(const Subject& subject, Stamp since) const;
};

Entry Ledger::Impl::entry_of_name(const Purge& purge, std::size_t index) const {
  const Namer namer(purge.site);
  const std::string& name = purge.names[index];
  const auto plain = [&namer](NameKind kind, std::string_view text) {
    return Entry{.kind = kind, .name = namer.name(kind, text)};
  };
  switch (purge.kind) {
    case Kind::Urls: return plain(NameKind::Url, normalise(purge.site, name));
    case Kind::Prefixes:
      return plain(NameKind::Prefix, at_most_deep(bare_prefix(normalise(purge.site, name))));
    case Kind::Hosts: return plain(NameKind::Host, base::lowered(name));
    case Kind::Wildcards: return wildcard_entry(purge.site, normalise(purge.site, name));
    case Kind::Variants:
      return variant_entry(purge.site, normalise(purge.site, name), text_of(purge.headers[index]));
    default: break;
  }
  if (!purge.ignore_case) return plain(NameKind::Tag, name);
  Entry entry = plain(NameKind::FoldedTag, base::lowered(name));
  entry.stored = kFoldedText;
  return entry;
}

std::vector<Entry> Ledger::Impl::entries_of(const Purge& purge) const {
  if (purge.kind == Kind::Everything) {
    return {{.kind = NameKind::Site, .name = Namer(purge.site).name(NameKind::Site, "")}};
  }
  std::vector<Entry> entries;
  entries.reserve(purge.names.size());
  for (std::size_t i = 0; i < purge.names.size(); ++i) entries.push_back(entry_of_name(purge, i));
  return entries;
}

// Answers the row of what spoke in place of others, if something had to.
std::optional<Row> Ledger::Impl::enter_pattern(PatternTable& patterns, const Entry& entry,
                                               const Stamps& stamps) {
  const auto oldest = patterns.raise(entry.group, {entry.name, entry.text, stamps});
  if (!oldest) return {};
  // What covers them all is entered before they go: nothing that they covered comes back to life in between.
  table.raise(entry.group, *oldest);
  patterns.drop(entry.group, oldest->newest());
  const Stamps all = table.find(entry.group);
  return Row{entry.group.high, entry.group.low, all.hard, all.soft};
}

std::optional<Row> Ledger::Impl::enter(const Entry& entry, const Stamps& stamps) {
  if (entry.kind == NameKind::Wildcard) return enter_pattern(wildcards, entry, stamps);
  if (entry.kind == NameKind::Variant) return enter_pattern(variants, entry, stamps);
  if (entry.kind == NameKind::FoldedTag) folds.store(true, std::memory_order_release);
  table.raise(entry.name, stamps);
  return {};
}

Stamps Ledger::Impl::stamps_of(const Entry& entry) const {
  if (entry.kind == NameKind::Wildcard) return wildcards.stamps_of(entry.group, entry.name);
  if (entry.kind == NameKind::Variant) return variants.stamps_of(entry.group, entry.name);
  return table.find(entry.name);
}

// Calls take(name, stamps) for what is newer than `since` and matches. In the opposite order of
// enter_pattern(): patterns first, and then what may have come in their place.
template <typename Take>
void Ledger::Impl::each_match(const Subject& subject, Stamp since, const Take& take) const {
  const Namer namer(subject.site);
  const Name site = namer.name(NameKind::Site, "");
  const Name url = namer.name(NameKind::Url, subject.url);
  const std::string_view path = without_query(subject.url);
  wildcards.each(site, since, [&](const PatternTable::Pattern& wildcard) {
    if (base::matches_wildcard(wildcard.text, path)) take(wildcard.name, wildcard.stamps);
  });
  variants.each(url, since, [&](const PatternTable::Pattern& variant) {
    if (subject.variant != nullptr && !subject.variant->is_chosen_by(headers_of(variant.text))) return;
    take(variant.name, variant.stamps);
  });
  const auto look_for = [&](const Name& name) {
    const Stamps stamps = table.find(name, since);
    if (stamps.newest() > since) take(name, stamps);
  };
  const auto look = [&](NameKind kind, std::string_view text) { look_for(namer.name(kind, text)); };
  look_for(site);
  look_for(url);
  look(NameKind::Host, subject.host);
  for (std::size_t at = path.find('/'), depth = 0; at != std::string_view::npos && depth < kPrefixDepthMax;
       at = path.find('/', at + 1), ++depth) {
    look(NameKind::Prefix, path.substr(0, at));
  }
  look(NameKind::Prefix, at_most_deep(path));
  look_tags(subject, [&](std::string_view tag) {
    look(NameKind::Tag, tag);
    if (folds.load(std::memory_order_acquire)) look(NameKind::FoldedTag, base::lowered(tag));
  });
}

Stamps Ledger::Impl::newest(const Subject& subject, Stamp since) const {
  Stamps newest{};
  each_match(subject, since, [&newest](const Name&, const Stamps& stamps) { newest.raise(stamps); });
  return newest;
}

std::size_t Ledger::Impl::erase_if(const std::function<bool(const Name&, const Stamps&)>& unwanted) {
  return table.erase_if(unwanted) + wildcards.erase_if(unwanted) + variants.erase_if(unwanted);
}

// An entry at or below the floor speaks only against what is older than itself, and that the floor kills
// already.
void Ledger::Impl::raise_floor() {
  const std::size_t kept = limits.entries / 4 * 3;
  std::vector<Stamp> ages;
  table.collect_newest(ages);
  wildcards.collect_newest(ages);
  variants.collect_newest(ages);
  if (ages.size() <= kept) return;
  const auto last = ages.end() - static_cast<std::ptrdiff_t>(kept) - 1;
  std::ranges::nth_element(ages, last);
  const Stamp floor = *last;
  // The floor rises before the entries go: nothing that they covered comes back to life in between.
  all_before.store(floor, std::memory_order_release);
  erase_if([floor](const Name&, const Stamps& stamps) { return stamps.newest() <= floor; });
}

Ledger::Ledger(Normaliser normalise, const Limits& limits)
    : impl_(new Impl{.normalise = std::move(normalise),
                     .limits = limits,
                     .wildcards = PatternTable(limits.wildcards),
                     .variants = PatternTable(limits.variants)}) {}
Ledger::~Ledger() = default;

Stamp Ledger::now() const { return impl_->now.load(std::memory_order_acquire); }

std::uint16_t Ledger::epoch() const { return static_cast<std::uint16_t>(now() >> 48); }

std::vector<Row> Ledger::apply(Sequence sequence, const Purge& purge) {
  std::vector<Row> rows;
  const Stamp stamp = make_stamp(epoch(), sequence);
  if (stamp <= now()) return rows;
  for (const Entry& entry : impl_->entries_of(purge)) {
    if (auto row = impl_->enter(entry, Stamps::at(stamp, purge.soft))) rows.push_back(std::move(*row));
  }
  if (impl_->entries() > impl_->limits.entries) impl_->raise_floor();
  impl_->now.store(stamp, std::memory_order_release);
  return rows;
}

void Ledger::reset(std::uint16_t epoch, Sequence sequence) {
  // The bound rises before the entries go: nothing that they covered comes back to life in between.
  const Stamp begin = make_stamp(epoch, sequence);
  impl_->all_before.store(begin, std::memory_order_release);
  impl_->erase_if([](const Name&, const Stamps&) { return true; });
  impl_->now.store(begin, std::memory_order_release);
}

Verdict Ledger::verdict(const Subject& subject, Stamp since) const {
  if (since < impl_->all_before.load(std::memory_order_acquire)) return Verdict::Dead;
  if (since >= now()) return Verdict::Live;
  const Stamps newest = impl_->newest(subject, since);
  // Asked again: a reset or a risen floor in between may have taken away the entries that speak against
  // `subject`.
  if (since < impl_->all_before.load(std::memory_order_acquire)) return Verdict::Dead;
  if (newest.hard > since) return Verdict::Dead;
  return newest.soft > since ? Verdict::Stale : Verdict::Live;
}

Stamp Ledger::newest(const Subject& subject) const {
  const Stamp newest = impl_->newest(subject, 0).newest();
  // Asked last: a floor that rises meanwhile takes entries away.
  return std::max(newest, impl_->all_before.load(std::memory_order_acquire));
}

void Ledger::names_above(const Subject& subject, Stamp since, Names& names) const {
  impl_->each_match(subject, since, [&names](const Name& name, const Stamps&) { names.insert(name); });
  // What a pattern among them may have to give way to, from now on.
  const Namer namer(subject.site);
  names.insert(namer.name(NameKind::Site, ""));
  names.insert(namer.name(NameKind::Url, subject.url));
}

std::size_t Ledger::drop(Stamp upto, const Names& spared) {
  return impl_->erase_if([&](const Name& name, const Stamps& stamps) {
    return stamps.newest() <= upto && !spared.contains(name);
  });
}

std::size_t Ledger::entries() const { return impl_->entries(); }

Stamp Ledger::floor() const { return impl_->all_before.load(std::memory_order_acquire); }

std::vector<Row> Ledger::rows_of(Sequence sequence, const Purge& purge) const {
  const Stamps stamps = Stamps::at(make_stamp(epoch(), sequence), purge.soft);
  std::vector<Row> rows;
  for (Entry& entry : impl_->entries_of(purge)) {
    // The other kind's newest stamp is part of the row: rows replace each other as a whole. An entry that is
    // kept a second time does not take a newer stamp back.
    Stamps known = impl_->stamps_of(entry);
    known.raise(stamps);
    rows.push_back({entry.name.high, entry.name.low, known.hard, known.soft, std::move(entry.stored)});
  }
  return rows;
}

void Ledger::load(std::uint16_t epoch, Sequence sequence, const std::vector<Row>& rows, Stamp floor) {
  floor = std::max(floor, make_stamp(epoch, 0));
  impl_->all_before.store(floor, std::memory_order_release);
  for (const Row& row : rows) {
    if (row.newest() <= floor) continue;
    const auto entry = row.text.empty() ? Entry{.kind = NameKind::Tag, .name = row.name()} : entry_of(row);
    if (entry) {
      impl_->enter(*entry, {row.hard, row.soft});
    } else {
      floor = row.newest();
      impl_->all_before.store(floor, std::memory_order_release);
    }
  }
  impl_->now.store(make_stamp(epoch, sequence), std::memory_order_release);
}

}  // namespace purge
