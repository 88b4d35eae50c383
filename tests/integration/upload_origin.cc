// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/upload_origin.h"

#include <filesystem>
#include <fstream>

#include "tests/integration/body.h"

namespace harness {

UploadOrigin::UploadOrigin(std::string folder)
    : folder_(std::move(folder)), config_file_(folder_ + "/origin.toml") {
  std::filesystem::create_directories(root());
}

bool UploadOrigin::start() {
  process_.reset();
  const std::string ready_file = folder_ + "/ready";
  std::filesystem::remove(ready_file);
  std::ofstream(config_file_) << "workers = 2\ndrain = \"5s\"\n[[listener]]\naddress = \"127.0.0.1:"
                              << port_.number() << "\"\n[content]\nroot = \"" << root()
                              << "\"\n[[rule]]\npath = \"*\"\ncache_control = \"public, max-age=3600\"\n"
                                 "surrogate_key = \"all\"\n[[token]]\nname = \"upload\"\nsha256 = \""
                              << sha256("upload-secret") << "\"\n[log]\naccess = \"" << folder_
                              << "/access.log\"\n";
  process_ = std::make_unique<Process>(std::vector<std::string>{program("selvage-origin"), "--config",
                                                                config_file_, "--ready-file", ready_file},
                                       folder_ + "/origin.log");
  return wait_ready(*process_, ready_file, std::chrono::seconds(60)).has_value();
}

}  // namespace harness
