// SPDX-License-Identifier: Apache-2.0
// The record: hash of the rest (8 bytes), version (1 byte), then the elements in the order of
// write_elements() and read_elements(), which mirror one another. Any change of that order is a new version;
// records of another version read as absent and are fetched anew.
#include "edge/policy/stored_response.h"

#include <cstring>

#include "edge/base/hash.h"
#include "edge/policy/wire.h"

namespace policy {
namespace {

constexpr char kVersion = 3;
constexpr std::size_t kHashBytes = 8;

constexpr std::uint64_t kMustRevalidate = 1;
constexpr std::uint64_t kNoCache = 2;
constexpr std::uint64_t kImmutable = 4;
constexpr std::uint64_t kAllFlags = kMustRevalidate | kNoCache | kImmutable;

std::uint64_t flags_of(const StoredResponse& r) {
  std::uint64_t flags = 0;
  if (r.must_revalidate) flags |= kMustRevalidate;
  if (r.no_cache) flags |= kNoCache;
  if (r.immutable) flags |= kImmutable;
  return flags;
}

void write_texts(WireWriter& out, const std::vector<std::string>& texts) {
  out.number(texts.size());
  for (const std::string& text : texts) out.text(text);
}

void read_texts(WireReader& in, std::vector<std::string>& texts) {
  const std::size_t count = in.count(1);
  texts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) texts.emplace_back(in.text());
}

void write_fields(WireWriter& out, const http::Fields& fields) {
  out.number(fields.size());
  for (const http::Fields::Field field : fields) {
    out.text(field.name);
    out.text(field.value);
  }
}

void read_fields(WireReader& in, http::Fields& fields) {
  for (std::size_t left = in.count(2); left > 0; --left) {
    const std::string_view name = in.text();
    fields.add(name, in.text());
  }
}

void write_time(WireWriter& out, base::Wall time) { out.signed_number(time.time_since_epoch().count()); }

base::Wall read_time(WireReader& in) { return base::Wall(base::Wall::duration(in.signed_number())); }

void write_elements(WireWriter& out, const StoredResponse& r) {
  out.number(static_cast<std::uint64_t>(r.kind));
  out.number(static_cast<std::uint64_t>(r.status));
  write_fields(out, r.fields);
  out.number(r.body_bytes);
  write_time(out, r.request_time);
  write_time(out, r.response_time);
  out.signed_number(r.initial_age.count());
  out.signed_number(r.lifetime.count());
  out.signed_number(r.stale_while_revalidate.count());
  out.signed_number(r.stale_if_error.count());
  out.number(flags_of(r));
  out.text(r.site);
  out.text(r.host);
  out.text(r.url);
  write_texts(out, r.tags);
  out.number(r.fill_stamp);
  write_texts(out, r.vary);
  out.number(r.generation);
  write_fields(out, r.hidden);
  write_texts(out, r.groups);
  out.number(r.whole_bytes);
  out.number(r.part_first);
  out.text(r.part_of);
  out.text(r.range);
  out.text(r.variant);
}

/// False if a number is out of its range.
bool read_elements(WireReader& in, StoredResponse& r) {
  const std::uint64_t kind = in.number();
  const std::uint64_t status = in.number();
  if (kind > static_cast<std::uint64_t>(StoredResponse::Kind::Alias) || status > 999) return false;
  r.kind = static_cast<StoredResponse::Kind>(kind);
  r.status = static_cast<int>(status);
  read_fields(in, r.fields);
  r.body_bytes = in.number();
  r.request_time = read_time(in);
  r.response_time = read_time(in);
  r.initial_age = std::chrono::seconds(in.signed_number());
  r.lifetime = std::chrono::seconds(in.signed_number());
  r.stale_while_revalidate = std::chrono::seconds(in.signed_number());
  r.stale_if_error = std::chrono::seconds(in.signed_number());
  const std::uint64_t flags = in.number();
  r.must_revalidate = (flags & kMustRevalidate) != 0;
  r.no_cache = (flags & kNoCache) != 0;
  r.immutable = (flags & kImmutable) != 0;
  r.site = in.text();
  r.host = in.text();
  r.url = in.text();
  read_texts(in, r.tags);
  r.fill_stamp = in.number();
  read_texts(in, r.vary);
  r.generation = in.number();
  read_fields(in, r.hidden);
  read_texts(in, r.groups);
  r.whole_bytes = in.number();
  r.part_first = in.number();
  r.part_of = in.text();
  r.range = in.text();
  r.variant = in.text();
  return flags <= kAllFlags;
}

/// Of the hash as it lies in the record: the same bytes on every machine.
std::string hash_bytes(std::string_view bytes) {
  std::uint64_t hash = base::hash64(bytes);
  std::string out;
  for (std::size_t i = 0; i < kHashBytes; ++i, hash >>= 8) out += static_cast<char>(hash & 0xff);
  return out;
}

/// A short text lies in the string itself.
std::size_t heap_bytes(const std::string& text) {
  static const std::size_t in_itself = std::string().capacity();
  return text.capacity() > in_itself ? text.capacity() + 1 : 0;
}

std::size_t heap_bytes(const std::vector<std::string>& texts) {
  std::size_t bytes = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) bytes += heap_bytes(text);
  return bytes;
}

std::size_t heap_bytes(const http::Fields& fields) {
  constexpr std::size_t kPerField = 20;  // http::Fields keeps four offsets of 4 bytes for each, and how it is sent
  return fields.text_bytes() + fields.size() * kPerField;
}

}  // namespace

std::string_view StoredResponse::etag() const { return fields.get("etag").value_or(std::string_view()); }

std::string_view StoredResponse::last_modified() const {
  return fields.get("last-modified").value_or(std::string_view());
}

std::size_t StoredResponse::footprint() const {
  return sizeof *this + heap_bytes(fields) + heap_bytes(hidden) + heap_bytes(site) + heap_bytes(host) + heap_bytes(url) +
         heap_bytes(part_of) + heap_bytes(range) + heap_bytes(variant) + heap_bytes(tags) + heap_bytes(groups) + heap_bytes(vary);
}

std::string encode(const StoredResponse& response) {
  WireWriter out;
  write_elements(out, response);
  const std::string body = kVersion + out.take();
  return hash_bytes(body) + body;
}

std::optional<StoredResponse> decode(std::string_view bytes) {
  if (bytes.size() <= kHashBytes || bytes[kHashBytes] != kVersion) return {};
  const std::string_view body = bytes.substr(kHashBytes);
  if (bytes.substr(0, kHashBytes) != hash_bytes(body)) return {};
  WireReader in(body.substr(1));
  StoredResponse out;
  if (!read_elements(in, out) || !in.complete()) return {};
  return out;
}

}  // namespace policy
