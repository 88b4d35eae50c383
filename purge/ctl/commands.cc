// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/commands.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "edge/base/quantity.h"
#include "edge/base/text.h"
#include "purge/ctl/exit_code.h"
#include "purge/ctl/url_path.h"

namespace ctl {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kWaitMargin{10};

std::string word(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  return word(*found);
}

// The parsed body of a 2xx answer; otherwise the complaint has been printed and `code` is set.
std::optional<json> ask_json(Access access, http::ClientRequest request, const std::string& what, int& code,
                             int* status = nullptr) {
  Caller caller(std::move(access));
  const auto reply = caller.ask(std::move(request));
  if (!reply) {
    code = report(reply.error());
    return {};
  }
  if (status != nullptr) *status = reply->status;
  json body = json::parse(reply->body, nullptr, false);
  if (reply->status < 200 || reply->status >= 300 || body.is_discarded()) {
    code = report_refusal(what, *reply);
    return {};
  }
  return body;
}

void print_json(const json& value) {
  std::cout << value.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

http::ClientRequest get(std::string url) {
  http::ClientRequest request;
  request.url = std::move(url);
  return request;
}

bool all_applied(const json& body) {
  return body.value("pending", json::array()).empty() && body.value("away", json::array()).empty();
}

// ", at 2026-05-01T10:00:00.123Z"; empty if it is not known.
std::string time_of(const json& node) {
  const auto at = node.find("at");
  if (at == node.end() || !at->is_number_unsigned()) return {};
  const auto ms = at->get<std::int64_t>();
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), ", at %Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + n, text.size() - n, ".%03dZ", static_cast<int>(ms % 1000));
  return text.data();
}

void print_applied(const json& body, bool waited) {
  for (const json& node : body.value("nodes", json::array())) {
    std::cout << "  " << text_of(node, "node") << " applied after " << text_of(node, "ms") << " ms"
              << time_of(node) << '\n';
  }
  for (const json& node : body.value("pending", json::array())) {
    std::cout << "  " << word(node) << " has not applied it yet\n";
  }
  for (const json& node : body.value("away", json::array())) {
    std::cout << "  " << word(node) << " is away and will apply it when it comes back\n";
  }
  if (waited && body.value("nodes", json::array()).empty() && all_applied(body)) {
    std::cout << "  no edge follows the log\n";
  }
}

/// Copies that are validated before they are used, or used while that runs.
std::size_t soft_purged(const json& node) {
  std::size_t sum = 0;
  for (const json& copy : node.value("copies", json::array())) sum += copy.value("verdict", "") == "stale";
  return sum;
}

}  // namespace

int purge_command(Access access, const PurgeOptions& options) {
  if (!options.wait.empty()) {
    const auto wait = base::parse_duration(options.wait);
    if (!wait) {
      std::cerr << "selvagectl: --wait: found \"" << options.wait << "\", allowed: a time such as 5s\n";
      return kUsage;
    }
    // The answer comes when the wait is over: that must not be too late.
    access.patience = std::max(access.patience, *wait + kWaitMargin);
  }
  http::ClientRequest request;
  request.method = "POST";
  request.url = options.api + "/v1/purges";
  if (!options.wait.empty()) request.url += "?wait=" + options.wait;
  request.fields.add("content-type", "application/json");
  if (!options.key.empty()) request.fields.add("idempotency-key", options.key);
  const std::string text = purge::to_json(options.purge);
  request.body_bytes = text.size();
  request.body = [text, at = std::size_t{0}](char* room, std::size_t size) mutable -> http::BodyPiece {
    const std::size_t n = std::min(size, text.size() - at);
    std::memcpy(room, text.data() + at, n);
    at += n;
    return {n, at == text.size(), false};
  };
  int code = kDone;
  const auto body = ask_json(std::move(access), std::move(request), "purge", code);
  if (!body) return code;
  const bool waited = !options.wait.empty();
  if (options.json) {
    print_json(*body);
  } else {
    std::cout << "purge " << text_of(*body, "sequence") << " accepted\n";
    print_applied(*body, waited);
  }
  return waited && !all_applied(*body) ? kNotYet : kDone;
}

int nodes_command(Access access, const std::string& api, bool as_json) {
  int code = kDone;
  const auto body = ask_json(std::move(access), get(api + "/v1/nodes"), "nodes", code);
  if (!body) return code;
  if (as_json) {
    print_json(*body);
    return kDone;
  }
  std::cout << "log head " << text_of(*body, "head") << '\n';
  for (const json& node : body->value("nodes", json::array())) {
    const char* state = node.value("live", false)        ? "  live"
                        : node.value("connected", false) ? "  silent"
                                                         : "  away";
    std::cout << text_of(node, "node") << state << "  applied " << text_of(node, "applied") << "  behind "
              << text_of(node, "behind") << '\n';
  }
  return kDone;
}

int retire_command(Access access, const std::string& api, const std::string& node, bool as_json) {
  http::ClientRequest request = get(api + "/v1/nodes/" + encode_path(node));
  request.method = "DELETE";
  int code = kDone;
  const auto body = ask_json(std::move(access), std::move(request), "nodes", code);
  if (!body) return code;
  if (as_json) {
    print_json(*body);
  } else {
    std::cout << node << " is no longer waited for\n";
  }
  return kDone;
}

int verify_command(Access access, const std::string& api, const std::string& site, const std::string& url,
                   const std::vector<std::string>& variant, bool as_json) {
  std::string query = "/v1/verify?site=" + encode_path(site) + "&url=" + encode_path(url);
  for (const std::string& field : variant) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos) {
      std::cerr << "selvagectl: --variant: found \"" << field << "\", allowed: \"name: value\"\n";
      return kUsage;
    }
    query += "&header." + encode_path(base::trimmed(field.substr(0, colon))) + "=" +
             encode_path(base::trimmed(field.substr(colon + 1)));
  }
  int code = kDone;
  const auto body = ask_json(std::move(access), get(api + query), "verify", code);
  if (!body) return code;
  bool stale = false;
  bool unsure = !body->value("silent", json::array()).empty();
  for (const json& node : body->value("nodes", json::array())) {
    stale = stale || node.value("stale", 0) != 0;
    unsure = unsure || node.value("behind", false);
  }
  if (as_json) {
    print_json(*body);
  } else {
    for (const json& node : body->value("nodes", json::array())) {
      std::cout << text_of(node, "node") << ": holds " << text_of(node, "holds") << ", of them dead "
                << text_of(node, "dead") << ", soft-purged " << soft_purged(node) << ", stale "
                << text_of(node, "stale")
                << (node.value("behind", false) ? "; has not applied all purges yet" : "") << '\n';
    }
    for (const json& node : body->value("silent", json::array()))
      std::cout << word(node) << " has not answered\n";
  }
  return stale ? kFailed : unsure ? kNotYet : kDone;
}

int promote_command(Access access, const std::string& api, bool as_json) {
  http::ClientRequest request = get(api + "/v1/promote");
  request.method = "POST";
  int code = kDone;
  const auto body = ask_json(std::move(access), std::move(request), "promote", code);
  if (!body) return code;
  if (as_json) {
    print_json(*body);
  } else {
    std::cout << api << " leads, in term " << text_of(*body, "term") << '\n';
  }
  return kDone;
}

int inspect_command(Access access, const std::string& admin, const std::string& url,
                    const std::vector<std::string>& variant, bool as_json) {
  std::string query = encode_path(url);
  http::ClientRequest request = get(admin + "/inspect?url=" + query);
  for (const std::string& field : variant) {
    const std::size_t colon = field.find(':');
    if (colon == std::string::npos) {
      std::cerr << "selvagectl: --variant: found \"" << field << "\", allowed: \"name: value\"\n";
      return kUsage;
    }
    request.fields.add(base::trimmed(field.substr(0, colon)), base::trimmed(field.substr(colon + 1)));
  }
  int code = kDone;
  const auto body = ask_json(std::move(access), std::move(request), "inspect", code);
  if (!body) return code;
  if (as_json) {
    print_json(*body);
    return kDone;
  }
  std::cout << text_of(*body, "url") << ": memory " << (body->value("memory", false) ? "yes" : "no")
            << ", disk " << (body->value("disk", false) ? "yes" : "no") << '\n';
  for (const json& object : body->value("objects", json::array())) {
    for (const char* key : {"status", "body_bytes", "age", "ttl", "tags", "fill_sequence", "verdict"}) {
      std::cout << "  " << key << ": " << text_of(object, key) << '\n';
    }
  }
  return kDone;
}

}  // namespace ctl
