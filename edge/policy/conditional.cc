// SPDX-License-Identifier: Apache-2.0
#include "edge/policy/conditional.h"

#include <algorithm>
#include <string>

#include "edge/base/text.h"
#include "edge/http/date.h"

namespace policy {
namespace {

struct EntityTag {
  std::string_view text{};    ///< as sent
  std::string_view opaque{};  ///< with its quotes, without "W/"
  bool strong = false;
};

/// A text without quotes is no entity-tag. It equals itself under weak comparison, for origins that leave the
/// quotes out, and is never strong.
EntityTag make_tag(std::string_view text) {
  const bool weak = text.starts_with("W/\"");
  const std::string_view opaque = weak ? text.substr(2) : text;
  const bool quoted = opaque.size() >= 2 && opaque.front() == '"' && opaque.back() == '"';
  return {text, opaque, quoted && !weak};
}

/// Size of the first member of a list of entity-tags. A comma within quotes belongs to the tag, there are no
/// escapes (RFC 9110 8.8.3).
std::size_t member_size(std::string_view list) {
  bool quoted = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i] == '"') quoted = !quoted;
    if (list[i] == ',' && !quoted) return i;
  }
  return list.size();
}

template <typename F>
bool any_tag(std::string_view list, F matches) {
  while (!list.empty()) {
    const std::size_t size = member_size(list);
    const std::string_view member = base::trimmed(list.substr(0, size));
    if (!member.empty() && matches(make_tag(member))) return true;
    list.remove_prefix(std::min(size + 1, list.size()));
  }
  return false;
}

bool is_safe_read(const http::RequestHead& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::optional<base::Wall> date_field(const http::Fields& fields, std::string_view name, base::Wall now) {
  // Two dates are none: which one was meant cannot be told.
  if (fields.count(name) != 1) return {};
  return http::parse_date(*fields.get(name), now);
}

/// What the date conditions compare with. A cache takes Date, and failing that the present, for a response
/// without Last-Modified (RFC 9111 4.3.2); an origin ignores the condition.
std::optional<base::Wall> modified_at(const http::Fields& response, base::Wall now, Evaluator who) {
  const auto modified = date_field(response, "last-modified", now);
  if (modified || who == Evaluator::Origin) return modified;
  return date_field(response, "date", now).value_or(now);
}

std::string_view etag_of(const http::Fields& response) { return response.get("etag").value_or(std::string_view()); }

/// Steps 1 and 2 of RFC 9110 13.2.2.
bool fails_match(const http::RequestHead& request, const http::Fields& response, base::Wall now) {
  if (request.fields.has("if-match")) return !matches_strongly(request.fields.combined("if-match"), etag_of(response));
  const auto limit = date_field(request.fields, "if-unmodified-since", now);
  const auto modified = modified_at(response, now, Evaluator::Origin);
  return limit && modified && *modified > *limit;
}

/// Steps 3 and 4: whether the client has this representation.
bool has_it(const http::RequestHead& request, const http::Fields& response, base::Wall now, Evaluator who) {
  if (request.fields.has("if-none-match"))
    return matches_weakly(request.fields.combined("if-none-match"), etag_of(response));
  if (!is_safe_read(request)) return false;
  const auto since = date_field(request.fields, "if-modified-since", now);
  if (!since) return false;
  const auto modified = modified_at(response, now, who);
  return modified && *modified <= *since;
}

}  // namespace

bool matches_strongly(std::string_view list, std::string_view etag) {
  if (base::trimmed(list) == "*") return true;
  const EntityTag own = make_tag(etag);
  return own.strong &&
         any_tag(list, [&](const EntityTag& tag) { return tag.strong && tag.opaque == own.opaque; });
}

bool is_strong(std::string_view etag) { return make_tag(etag).strong; }

bool matches_weakly(std::string_view list, std::string_view etag) {
  if (base::trimmed(list) == "*") return true;
  const EntityTag own = make_tag(etag);
  return !etag.empty() && any_tag(list, [&](const EntityTag& tag) { return tag.opaque == own.opaque; });
}

Precondition evaluate(const http::RequestHead& request, int status, const http::Fields& response,
                      base::Wall now, Evaluator who) {
  // A condition on anything but a success is ignored (RFC 9110 13.2.1).
  if (status < 200 || status > 299) return Precondition::Proceed;
  if (who == Evaluator::Origin && fails_match(request, response, now)) return Precondition::Failed;
  if (!has_it(request, response, now, who)) return Precondition::Proceed;
  return is_safe_read(request) ? Precondition::NotModified : Precondition::Failed;
}

bool add_validators(const StoredResponse& stored, http::Fields& request) {
  for (const std::string_view name :
       {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}) {
    request.remove(name);
  }
  if (!stored.etag().empty()) request.add("if-none-match", stored.etag());
  if (!stored.last_modified().empty()) request.add("if-modified-since", stored.last_modified());
  return !stored.etag().empty() || !stored.last_modified().empty();
}

}  // namespace policy
