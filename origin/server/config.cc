// SPDX-License-Identifier: Apache-2.0
#include "origin/server/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "edge/base/log_settings.h"
#include "edge/base/text.h"
#include "edge/http/limits_settings.h"
#include "edge/http/syntax.h"
#include "edge/loop/server_settings.h"

namespace origin {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

void read_listeners(const base::Table& root, Config& config, Reading reading) {
  loop::ListenAddresses addresses(reading == Reading::Start);
  for (const base::Table& table : root.tables("listener")) {
    config.listeners.push_back({table.required_text("address"), table.flag("tls", false)});
    const std::string& address = config.listeners.back().address;
    addresses.add(table, address, "listener \"" + address + "\"");
  }
  if (config.listeners.empty())
    root.fault("listener", "found no [[listener]], at least one with an address is needed");
  const auto admin = root.table("admin");
  if (!admin) return;
  config.admin_address = admin->text("address", "127.0.0.1:9081");
  addresses.add(*admin, config.admin_address, "the admin listener");
}

void read_tls(const base::Settings& settings, Config& config) {
  const base::Table root = settings.root();
  const auto table = root.table("tls");
  const bool wanted = std::ranges::any_of(config.listeners, &ListenerConfig::tls);
  if (!table) {
    if (wanted)
      root.fault("listener", "a listener has tls = true, but there is no [tls] with certificate and key");
    return;
  }
  loop::TlsOptions options;
  const std::size_t faults_before = settings.faults().size();
  options.certificates.push_back(loop::read_certificate(*table, "certificate", "key"));
  if (settings.faults().size() != faults_before) return;
  auto made = loop::TlsContext::make(options);
  if (made) {
    config.tls = std::move(*made);
  } else {
    table->fault("certificate", made.error().text);
  }
}

void read_content(const base::Table& root, Config& config, Site& site) {
  const auto table = root.table("content");
  if (!table) {
    root.fault("content", "found no [content], it names the folder to serve: root = \"/srv/www\"");
    return;
  }
  config.root = table->required_text("root");
  struct stat status{};
  if (!config.root.empty()) {
    if (::stat(config.root.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
      table->fault("root", "found '" + config.root + "', which is not a folder");
    } else if (::access(config.root.c_str(), R_OK | X_OK) != 0) {
      table->fault("root", "found '" + config.root + "', which this user may not read");
    }
  }
  site.index = table->text("index", "index.html");
  if (site.index.empty() || site.index.find('/') != std::string::npos) {
    table->fault("index", "found '" + site.index + "', allowed: the name of a file");
  }
  site.max_upload_bytes = table->bytes("max_upload", 16 * kGiB, 0, std::uint64_t{1} << 50);
}

void check_pattern(const base::Table& table, std::string_view key, const std::string& pattern) {
  if (pattern.empty() || (pattern[0] != '/' && pattern[0] != '*')) {
    table.fault(key, "found '" + pattern +
                         "', allowed: a path that begins with '/', with '*' for any run of characters");
  }
}

/// What a rule may not say, since it would contradict the file or the framing.
bool is_own_field(const std::string& name) {
  static constexpr std::array<std::string_view, 8> kNames{
      "connection", "content-length", "content-range", "date",
      "etag",       "last-modified",  "repr-digest",   "transfer-encoding"};
  return std::ranges::find(kNames, base::lowered(name)) != kNames.end();
}

Rule read_rule(const base::Table& table) {
  Rule rule;
  rule.path = table.required_text("path");
  if (!rule.path.empty()) check_pattern(table, "path", rule.path);
  rule.cache_control = table.text("cache_control", "");
  if (!http::is_field_value(rule.cache_control)) table.fault("cache_control", "found a control character");
  const std::string keys = table.text("surrogate_key", "");
  if (!http::is_field_value(keys)) table.fault("surrogate_key", "found a control character");
  base::split(keys, ' ', [&](std::string_view key) { rule.surrogate_keys.emplace_back(key); });
  rule.fields = table.named_texts("headers");
  for (const auto& [name, value] : rule.fields) {
    if (is_own_field(name)) {
      table.fault("headers", "found '" + name + "', which the server sets itself");
    } else if (!http::is_token(name) || !http::is_field_value(value)) {
      table.fault("headers",
                  "found '" + http::printable(name) + "', allowed: field names and values as HTTP has them");
    }
  }
  return rule;
}

Token read_token(const base::Table& table) {
  Token token;
  token.name = table.required_text("name");
  const std::string hash = table.required_text("sha256");
  const auto raw = base::unhex(hash);
  if (raw && raw->size() == 32) {
    token.sha256 = *raw;
  } else if (!hash.empty()) {
    table.fault("sha256", "found " + std::to_string(hash.size()) +
                              " characters, allowed: the 64 hexadecimal digits of the token's SHA-256");
  }
  token.paths = table.texts("paths");
  for (const std::string& pattern : token.paths) check_pattern(table, "paths", pattern);
  return token;
}

}  // namespace

ConfigFile ConfigFile::read(const std::string& path, Reading reading) {
  ConfigFile file(base::Settings::parse_file(path));
  file.interpret(reading);
  return file;
}

ConfigFile ConfigFile::parse(std::string_view text, const std::string& name, Reading reading) {
  ConfigFile file(base::Settings::parse_text(text, name));
  file.interpret(reading);
  return file;
}

void ConfigFile::interpret(Reading reading) {
  if (!settings_.faults().empty()) return;  // not even TOML
  const base::Table root = settings_.root();
  auto site = std::make_shared<Site>();
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  config_.workers = static_cast<unsigned>(root.number("workers", 0, 0, 1024));
  if (config_.workers == 0) config_.workers = cores;
  config_.io_threads = static_cast<unsigned>(root.number("io_threads", 4, 1, 256));
  config_.change_threads = static_cast<unsigned>(root.number("change_threads", 4, 1, 256));
  config_.drain_limit = root.duration("drain", seconds(30), milliseconds(0), hours(1));
  read_listeners(root, config_, reading);
  read_tls(settings_, config_);
  read_content(root, config_, *site);
  for (const base::Table& table : root.tables("rule")) site->rules.push_back(read_rule(table));
  for (const base::Table& table : root.tables("token")) site->tokens.push_back(read_token(table));
  if (const auto limits = root.table("limits")) http::read_limits(*limits, config_.limits);
  config_.access_log = "-";
  if (const auto log = root.table("log")) {
    config_.log = logs::read_setup(*log);
    config_.access_log = logs::read_lines_file(*log, "access", "-");
  }
  config_.writable = !site->tokens.empty();
  config_.site = std::move(site);
  settings_.finish();
}

void ConfigFile::fault_at_listener(std::size_t index, const std::string& text) {
  settings_.root().tables("listener").at(index).fault("address", text);
}

void ConfigFile::fault_at(std::string_view table, std::string_view key, const std::string& text) {
  const base::Table root = settings_.root();
  if (const auto found = root.table(table)) {
    found->fault(key, text);
  } else {
    root.fault(table, text);
  }
}

void ConfigFile::fault_at_admin(const std::string& text) { fault_at("admin", "address", text); }

void ConfigFile::fault_at_root(const std::string& text) { fault_at("content", "root", text); }

void ConfigFile::fault_at_access_log(const std::string& text) { fault_at("log", "access", text); }

}  // namespace origin
