// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>

#include "edge/base/log.h"
#include "edge/base/program.h"
#include "purge/server/service.h"

namespace {

constexpr const char* kProgram = "selvage-purge";

int run(const std::string& config_path, const std::string& ready_file) {
  auto config = purgeapi::read_config(config_path, purgeapi::Reading::Start);
  if (!config) return base::report_faults(config.error());
  base::report_warnings((*config)->warnings);
  base::prepare_process();
  if (auto opened = logs::open((*config)->log); !opened) return base::report_error(kProgram, opened.error());
  int code = base::kExitOk;
  {
    purgeapi::Service service({.config_path = config_path, .ready_file = ready_file}, *config);
    if (auto started = service.start(); !started) {
      code = base::report_error(kProgram, started.error());
    } else {
      service.run();
    }
  }
  logs::close();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "The Selvage purge API: logs purges durably, hands them to every edge, knows who has applied what.",
      kProgram);
  std::string config_path;
  std::string ready_file;
  bool check = false;
  app.add_option("--config", config_path, "Configuration file (TOML)")->required();
  app.add_option("--ready-file", ready_file,
                 "Write the bound addresses to this file once requests are answered");
  app.add_flag("--check", check, "Check the configuration and exit: 0 if it is good, 2 if not");
  app.set_version_flag("--version", base::version_text(kProgram));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? base::kExitOk : base::kExitConfig;
  }
  if (!check) return run(config_path, ready_file);
  const auto config = purgeapi::read_config(config_path, purgeapi::Reading::Check);
  if (!config) return base::report_faults(config.error());
  base::report_warnings((*config)->warnings);
  std::cout << config_path << ": good\n";
  return base::kExitOk;
}
