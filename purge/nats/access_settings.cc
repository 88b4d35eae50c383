// SPDX-License-Identifier: Apache-2.0
#include "purge/nats/access_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "purge/nats/stream.h"

namespace nats {
namespace {

using namespace std::chrono_literals;

bool is_server(const std::string& text) {
  constexpr std::array<std::string_view, 2> kSchemes = {"nats://", "tls://"};
  return std::ranges::any_of(kSchemes, [&](std::string_view scheme) {
    return text.starts_with(scheme) && text.size() > scheme.size();
  });
}

std::string read_file_name(const base::Table& table, std::string_view key, std::string name) {
  if (!name.empty() && ::access(name.c_str(), R_OK) != 0) {
    table.fault(key, "found \"" + name + "\", which cannot be read; allowed: a file that can");
  }
  return name;
}

}  // namespace

Access read_access(const base::Table& table) {
  Access access{.servers = table.texts("servers"),
                .domain = table.text("domain", ""),
                .credentials_file = table.text("credentials_file", ""),
                .user = table.text("user", ""),
                .password = table.text("password", ""),
                .token = table.text("user_token", ""),
                .tls = table.flag("tls", false),
                .ca_file = table.text("authorities", ""),
                .certificate_file = table.text("client_certificate", ""),
                .key_file = table.text("client_key", ""),
                .timeout = table.duration("connect_timeout", 2s, 100ms, 1min)};
  if (access.servers.empty()) {
    table.fault("servers", "there is none; allowed: a list such as [\"nats://nats-1.example:4222\"]");
  }
  for (const std::string& server : access.servers) {
    if (!is_server(server)) {
      table.fault("servers", "found \"" + server + "\", allowed: nats://HOST:PORT or tls://HOST:PORT");
    }
  }
  if (!access.domain.empty() && !is_stream_name(access.domain)) {
    table.fault("domain", "found \"" + access.domain + "\", allowed: 1 to 32 letters, digits, '_' and '-'");
  }
  read_file_name(table, "credentials_file", access.credentials_file);
  read_file_name(table, "authorities", access.ca_file);
  read_file_name(table, "client_certificate", access.certificate_file);
  read_file_name(table, "client_key", access.key_file);
  if (access.certificate_file.empty() != access.key_file.empty()) {
    table.fault("client_certificate", "client_certificate and client_key belong together; one is missing");
  }
  return access;
}

std::string read_stream(const base::Table& table) {
  std::string name = table.text("stream", StreamSettings{}.name);
  if (!is_stream_name(name)) {
    table.fault("stream", "found \"" + name + "\", allowed: 1 to 32 letters, digits, '_' and '-'");
  }
  return name;
}

}  // namespace nats
