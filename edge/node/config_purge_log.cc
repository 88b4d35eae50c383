// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config_purge_log.h"

#include <string>
#include <utility>

#include "purge/nats/access_settings.h"

namespace node {
namespace {

bool is_url(const std::string& text) { return text.starts_with("https://") || text.starts_with("http://"); }

void read_urls(const base::Table& purge, PurgeConfig& config) {
  config.url = purge.text("url", "");
  for (std::string& url : purge.texts("urls")) {
    if (!is_url(url)) {
      purge.fault("urls", "found \"" + url + "\", allowed: https:// or http:// URLs");
    } else if (config.url.empty()) {
      config.url = std::move(url);
    } else {
      config.more_urls.push_back(std::move(url));
    }
  }
  if (purge.has("url") && purge.has("urls"))
    purge.fault("urls", "there are both url and urls; allowed: one of them");
  if (!config.url.empty() && !is_url(config.url)) {
    purge.fault("url", "found \"" + config.url + "\", allowed: an https:// or http:// URL");
  }
}

}  // namespace

void read_purge_log(const base::Table& purge, PurgeConfig& config) {
  const bool nats = purge.choice("engine", {{"http", false}, {"nats", true}}, false);
  read_urls(purge, config);
  if (nats) {
    config.token = purge.text("token", "");
    config.nats = {.access = nats::read_access(purge), .stream = nats::read_stream(purge)};
    return;
  }
  config.token = purge.required_text("token");
  if (config.url.empty()) purge.fault("url", "is missing; allowed: the API's URL, or a list of them in urls");
}

}  // namespace node
