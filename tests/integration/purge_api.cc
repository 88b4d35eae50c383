// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/purge_api.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/integration/body.h"

namespace harness {

PurgeApi::PurgeApi(Certificates& certificates, std::string folder, std::uint64_t keep_entries)
    : folder_(std::move(folder)),
      files_(certificates.issue("purge", {"127.0.0.1"})),
      keep_entries_(keep_entries),
      ca_file_(certificates.ca_file()),
      client_(Client::Options{.ca_file = certificates.ca_file()}) {
  std::filesystem::create_directories(folder_);
}

bool PurgeApi::start() {
  process_.reset();
  const std::string ready_file = folder_ + "/ready";
  const std::string config_file = folder_ + "/purge.toml";
  std::filesystem::remove(ready_file);
  std::ofstream(config_file)
      << "[[listener]]\naddress = \"127.0.0.1:" << port_.number()
      << "\"\ntls = true\n[[certificate]]\ncertificate = \"" << files_.certificate << "\"\nkey = \""
      << files_.key << "\"\n[admin]\naddress = \"127.0.0.1:0\"\n"
      << (log_store_.empty() ? "[log_store]\nfolder = \"" + log_folder() +
                                   "\"\nkeep_entries = " + std::to_string(keep_entries_) + "\n"
                             : log_store_)
      << "[[token]]\nname = \"operator\"\nsha256 = \"" << sha256("operator-secret")
      << "\"\nroles = [\"purge\", \"read\"]\nsites = [\"*\"]\n[[token]]\nname = \"nodes\"\nsha256 = \""
      << sha256("node-secret") << "\"\nroles = [\"node\"]\n[[token]]\nname = \"standby\"\nsha256 = \""
      << sha256("standby-secret") << "\"\nroles = [\"standby\"]\n";
  process_ = std::make_unique<Process>(
      std::vector<std::string>{program("selvage-purge"), "--config", config_file, "--ready-file", ready_file},
      folder_ + "/purge.log");
  return wait_ready(*process_, ready_file, std::chrono::seconds(60)).has_value();
}

Response PurgeApi::purge(const std::string& json, const std::string& wait) {
  Request request;
  request.url = url() + "/v1/purges" + (wait.empty() ? "" : "?wait=" + wait);
  request.method = "POST";
  request.headers = {{"Authorization", "Bearer operator-secret"}, {"Content-Type", "application/json"}};
  request.body = json;
  return client_.perform(std::move(request));
}

Response PurgeApi::get(const std::string& path) {
  return client_.get(url() + path, {{"Authorization", "Bearer operator-secret"}});
}

std::uint64_t purge_sequence(const Response& response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  return json.is_object() ? json.value("sequence", std::uint64_t{0}) : 0;
}

}  // namespace harness
