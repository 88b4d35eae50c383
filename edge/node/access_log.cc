// SPDX-License-Identifier: Apache-2.0
#include "edge/node/access_log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "edge/policy/forwarding.h"

namespace node {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_text(out, text);
}

void append_member(std::string& out, std::string_view name, std::uint64_t number) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(number);
}

void append_time(std::string& out, std::string_view name, base::Duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", std::chrono::duration<double, std::milli>(time).count());
  out += ",\"";
  out += name;
  out += "\":";
  out += text.data();
}

std::string stamp(base::Wall at) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
  const std::time_t seconds = since.count() / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(since.count() % 1000));
  return text.data();
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      out += escape.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Who asked, or at least through whom.
static std::string client_of(const AccessFacts& facts) {
  std::string named = policy::client_address(facts.head.fields, facts.connection);
  return named.empty() ? facts.connection.client_address : named;
}

std::string access_line(const AccessFacts& facts) {
  std::string out = "{\"at\":\"" + stamp(facts.at) + '"';
  append_member(out, "site", facts.site);
  append_member(out, "client", client_of(facts));
  append_member(out, "connection", facts.connection.id);
  append_member(out, "protocol", http::name_of(facts.head.version));
  append_member(out, "scheme", facts.head.scheme);
  append_member(out, "method", facts.head.method);
  append_member(out, "host", facts.head.authority);
  append_member(out, "target", facts.head.target);
  append_member(out, "status", static_cast<std::uint64_t>(facts.delivery.status));
  append_member(out, "cache", policy::name_of(facts.outcome));
  append_member(out, "bytes", facts.delivery.body_bytes);
  out += facts.delivery.complete ? ",\"complete\":true" : ",\"complete\":false";
  if (facts.delivery.first_byte != base::Steady{}) {
    append_time(out, "first_byte_ms", facts.delivery.first_byte - facts.begun);
  }
  append_time(out, "total_ms", facts.delivery.end - facts.begun);
  if (facts.origin_time) append_time(out, "origin_ms", *facts.origin_time);
  append_member(out, "referer", facts.head.fields.get("referer").value_or(""));
  append_member(out, "user_agent", facts.head.fields.get("user-agent").value_or(""));
  out += '}';
  return out;
}

}  // namespace node
