// SPDX-License-Identifier: Apache-2.0
#include "purge/server/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/quantity.h"
#include "edge/base/text.h"
#include "edge/base/wildcard.h"
#include "purge/server/progress_json.h"

namespace purgeapi {
namespace {

using base::Errc;
using purge::Kind;

constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kLookedMax = 20'000;       // entries of one request
constexpr std::size_t kFoundBytesMax = 1 << 20;  // past it a list ends early
constexpr Sequence kWindow = 1024;               // entries of one read
constexpr std::size_t kReadBytes = 512U << 10;
constexpr unsigned kReadsMax = 100;
constexpr std::int64_t kClocksDifferMs = 60'000;  // numbers follow each other, times not strictly

std::unexpected<base::Error> refuse(std::string text) { return base::fail(Errc::Invalid, std::move(text)); }

// "www.example.com/a?b" of "https://WWW.example.com/a?b".
std::string without_scheme(std::string_view url) {
  const std::size_t at = url.find("://");
  std::string rest(at == std::string_view::npos ? url : url.substr(at + 3));
  rest = rest.substr(0, rest.find('#'));
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  rest = base::lowered(rest.substr(0, path)) + rest.substr(path);
  if (path == rest.size()) rest += '/';
  return rest;
}

bool below(std::string_view prefix, std::string_view url) {
  std::string_view path = url.substr(0, url.find('?'));
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return false;
  path.remove_prefix(prefix.size());
  return path.empty() || path.starts_with('/');
}

bool names_tag(const purge::Purge& purge, std::string_view tag) {
  return purge.kind == Kind::Tags && std::ranges::any_of(purge.names, [&](const std::string& name) {
           return purge.ignore_case ? base::iequals(name, tag) : name == tag;
         });
}

base::Result<std::int64_t> parse_time(const std::string& key, const std::string& value, std::int64_t now_ms) {
  if (const auto number = base::decimal(value); number && *number < (1ULL << 62)) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto ago = base::parse_duration(value)) return now_ms - ago->count();
  return refuse("found " + key + "=" + value +
                ", allowed: Unix milliseconds, or a time such as 1h: so long ago");
}

base::Status take_parameter(HistoryFilter& filter, const std::string& key, const std::string& value,
                            std::int64_t now_ms) {
  if (key == "site") return filter.site = value, base::Status();
  if (key == "by") return filter.by = value, base::Status();
  if (key == "tag") return filter.tag = value, base::Status();
  if (key == "url") return filter.url = value, base::Status();
  if (key == "since" || key == "until") {
    const auto time = parse_time(key, value, now_ms);
    if (!time) return std::unexpected(time.error());
    (key == "since" ? filter.since_ms : filter.until_ms) = *time;
    return {};
  }
  if (key != "after" && key != "limit") {
    return refuse("unknown parameter \"" + key +
                  "\", allowed: site, by, tag, url, since, until, after, limit");
  }
  const auto number = base::decimal(value);
  const bool good = number && *number != 0 && (key == "after" || *number <= kLimitMax);
  if (!good) {
    return refuse("found " + key + "=" + value + ", allowed: a number" +
                  (key == "limit" ? " from 1 to " + std::to_string(kLimitMax) : " of the log"));
  }
  if (key == "after") {
    filter.after = *number;
  } else {
    filter.limit = static_cast<std::size_t>(*number);
  }
  return {};
}

}  // namespace

bool covers(const purge::Purge& purge, std::string_view url) {
  if (purge.kind == Kind::Everything) return true;
  if (purge.kind == Kind::Tags) return false;
  const std::string wanted = without_scheme(url);
  const std::string_view host = std::string_view(wanted).substr(0, wanted.find_first_of("/:?"));
  return std::ranges::any_of(purge.names, [&](const std::string& name) {
    switch (purge.kind) {
      case Kind::Hosts: return base::iequals(name, host);
      case Kind::Prefixes: return below(without_scheme(name), wanted);
      case Kind::Wildcards:
        return base::matches_wildcard(without_scheme(name), wanted.substr(0, wanted.find('?')));
      default: return without_scheme(name) == wanted;
    }
  });
}

bool HistoryFilter::may_match(const JournalEntry& entry) const {
  if (!by.empty() && entry.asker.by != by) return false;
  return entry.at_ms >= since_ms && entry.at_ms <= until_ms;
}

bool HistoryFilter::matches(const purge::Purge& purge) const {
  if (!site.empty() && purge.site != site) return false;
  if (!tag.empty() && !names_tag(purge, tag)) return false;
  return url.empty() || covers(purge, url);
}

base::Result<HistoryFilter> parse_history(std::string_view target, std::int64_t now_ms) {
  HistoryFilter filter;
  for (const auto& [key, value] : query_of(target)) {
    if (auto good = take_parameter(filter, key, percent_decoded(value), now_ms); !good) {
      return std::unexpected(good.error());
    }
  }
  return filter;
}

void HistoryView::answer() {
  auto filter = parse_history(call().head.target, api().wall_ms());
  if (!filter) return refuse({.status = 400, .code = "invalid", .text = filter.error().text});
  filter_ = std::move(*filter);
  if (!filter_.site.empty() && !call().caller.may_touch(filter_.site)) {
    return refuse(
        {.status = 403,
         .code = "forbidden",
         .text = "token \"" + call().caller.name + "\" may not see purges of site \"" + filter_.site + "\""});
  }
  high_ = api().journal().bounds().head;
  if (filter_.after != 0) high_ = std::min(high_, filter_.after - 1);
  window_ = kWindow;
  scan();
}

void HistoryView::scan() {
  const Sequence oldest = api().journal().bounds().oldest;
  if (high_ == 0 || high_ < oldest) {
    more_ = false;
    return finish();
  }
  if (++reads_ > kReadsMax) return finish();
  const Sequence low = std::max(oldest, high_ - std::min(high_, window_) + 1);
  api().journal().read(
      low, kReadBytes, api().home(),
      anchor_.wrap([this, low](base::Result<std::vector<JournalEntry>> got) { take(low, std::move(got)); }));
}

void HistoryView::take(Sequence low, base::Result<std::vector<JournalEntry>> entries) {
  // The log's oldest entries may have gone meanwhile.
  if (!entries && entries.error().code == Errc::NotFound && api().journal().bounds().oldest > low)
    return scan();
  if (!entries) return refuse(unavailable(entries.error()));
  const bool cut = !entries->empty() && entries->back().sequence < high_;
  if (cut && low < high_) {  // larger than one read: look at fewer
    window_ = std::max<Sequence>(1, (high_ - low + 1) / 4);
    return scan();
  }
  for (auto entry = entries->rbegin(); entry != entries->rend(); ++entry) {
    if (entry->sequence > high_) continue;
    if (look(*entry) == Next::Enough) return finish();
  }
  high_ = low - 1;
  // A term's numbers begin far above those of the term before.
  const JournalEntry* oldest = entries->empty() ? nullptr : &entries->front();
  if (oldest != nullptr && oldest->after != 0 && oldest->sequence >= low)
    high_ = std::min(high_, oldest->after);
  if (looked_ >= kLookedMax) {
    more_ = high_ >= api().journal().bounds().oldest && high_ != 0;
    return finish();
  }
  scan();
}

HistoryView::Next HistoryView::look(const JournalEntry& entry) {
  high_ = entry.sequence - 1;
  ++looked_;
  if (entry.at_ms < filter_.since_ms - kClocksDifferMs) {
    more_ = false;
    return Next::Enough;
  }
  if (!filter_.may_match(entry)) return Next::Go;
  const auto purge = purge::parse_purge(entry.purge);
  if (!purge || !call().caller.may_touch(purge->site) || !filter_.matches(*purge)) return Next::Go;
  found_.push_back(entry);
  bytes_ += entry.purge.size();
  return found_.size() >= filter_.limit || bytes_ >= kFoundBytesMax ? Next::Enough : Next::Go;
}

void HistoryView::finish() {
  nlohmann::json out = {{"purges", nlohmann::json::array()}};
  for (const JournalEntry& entry : found_) out["purges"].push_back(nlohmann::json::parse(entry_json(entry)));
  if (more_) out["next"] = high_ + 1;
  respond(200, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace purgeapi
