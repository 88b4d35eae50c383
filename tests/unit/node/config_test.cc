// SPDX-License-Identifier: Apache-2.0
#include "edge/node/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace node {
namespace {

TEST(Config, TheAdminListenerIsOnLoopbackUnlessTheFileSaysOtherwise) {
  const support::TempFolder folder;
  const auto admin_of = [&](const std::string& line) {
    const std::string path = folder / "edge.toml";
    std::ofstream(path) << "[edge]\nnode = \"edge-1\"\n"
                           "[[listener]]\naddress = \"127.0.0.1:80\"\ntls = false\n"
                           "[disk]\nfolder = \""
                        << folder / "cache"
                        << "\"\n[origins.main]\nurl = \"http://127.0.0.1:9080\"\n"
                           "[[site]]\nname = \"www\"\nhosts = [\"www.test\"]\norigin = \"main\"\n[admin]\n"
                        << line;
    const auto config = read_config(path, Reading::Check);
    for (const base::Fault& fault : config ? std::vector<base::Fault>{} : config.error())
      ADD_FAILURE() << fault.str();
    return config ? (*config)->admin_address : "";
  };
  EXPECT_EQ(admin_of(""), "127.0.0.1:9180");
  EXPECT_EQ(admin_of("address = \"127.0.0.1:9999\"\n"), "127.0.0.1:9999");
}

}  // namespace
}  // namespace node
