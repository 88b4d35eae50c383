// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/edge.h"

#include <filesystem>
#include <fstream>

#include "tests/integration/metrics_text.h"
#include "tests/support/wait_until.h"

namespace harness {

Edge::Edge(Certificates& certificates, std::string folder, Options options)
    : folder_(std::move(folder)),
      config_file_(folder_ + "/edge.toml"),
      ca_file_(certificates.ca_file()),
      options_(std::move(options)) {
  std::filesystem::create_directories(folder_);
  files_ = certificates.issue("www", {"www.test", "*.www.test"});
}

std::string Edge::config() const {
  std::string text = "[edge]\nnode = \"" + options_.node + "\"\nloops = " + std::to_string(options_.loops) +
                     "\ndrain = \"" + options_.drain + "\"\n" + options_.edge_keys +
                     "\n[[listener]]\nname = \"https\"\naddress = \"127.0.0.1:0\"\ntls = true\n"
                     "[[listener]]\nname = \"http\"\naddress = \"127.0.0.1:0\"\ntls = false\n"
                     "[admin]\naddress = \"127.0.0.1:0\"\n"
                     "[[certificate]]\ncertificate = \"" +
                     files_.certificate + "\"\nkey = \"" + files_.key + "\"\n[memory]\nbudget = \"" +
                     options_.memory + "\"\n[disk]\nfolder = \"" + cache_folder() + "\"\nbudget = \"" +
                     options_.disk + "\"\n" + options_.disk_keys + "\n";
  if (!options_.purge_url.empty()) {
    std::string urls;
    for (const std::string& url : options_.purge_urls) urls += (urls.empty() ? "\"" : ", \"") + url + "\"";
    text += "[purge]\n" + (urls.empty() ? "url = \"" + options_.purge_url + "\"" : "urls = [" + urls + "]") +
            "\ntoken = \"" + options_.purge_token + "\"\nca_file = \"" + ca_file_ + "\"\nstate_folder = \"" +
            state_folder() + "\"\n" + options_.purge_keys + "\n";
  }
  text += "[origins.main]\nurl = \"" + options_.origin + "\"\n" + options_.origin_keys +
          "\n[[site]]\nname = \"www\"\nhosts = [\"www.test\"]\norigin = \"main\"\nplain = \"serve\"\n" +
          options_.site + "\n" + options_.extra + "\n";
  return text;
}

bool Edge::start() {
  process_.reset();
  const std::string ready_file = folder_ + "/ready";
  std::filesystem::remove(ready_file);
  std::ofstream(config_file_) << config();
  process_ = std::make_unique<Process>(
      std::vector<std::string>{program("selvage-edge"), "--config", config_file_, "--ready-file", ready_file},
      folder_ + "/edge.log");
  auto ready = harness::wait_ready(*process_, ready_file, std::chrono::seconds(60));
  if (ready) ready_ = std::move(*ready);
  return ready.has_value();
}

bool Edge::wait_ready(std::chrono::milliseconds limit) {
  bool ready = false;
  return support::wait_until([&] { return (ready = admin("/readyz").status == 200) || !running(); }, limit) &&
         ready;
}

bool Edge::settled() const {
  return support::wait_until(
      [this] { return metric("selvage_fetches") == 0 && metric("selvage_disk_queued_bytes") == 0; });
}

Client::Options Edge::client_options() const {
  return {.ca_file = ca_file_,
          .connect_to = {{"www.test:443", https_address()}, {"www.test:80", http_address()}}};
}

Response Edge::admin(const std::string& path_and_query) const {
  return Client().get(admin_url() + path_and_query);
}

double Edge::metric(const std::string& name, const std::vector<std::string>& labels) const {
  return harness::metric(admin("/metrics").body, name, labels);
}

}  // namespace harness
