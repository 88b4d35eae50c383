// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>

#include "edge/base/cores.h"
#include "edge/base/log.h"
#include "edge/base/program.h"
#include "edge/loop/tls_memory.h"
#include "edge/node/node.h"

namespace {

constexpr const char* kProgram = "selvage-edge";

// Before there are other threads: they inherit it.
base::Status keep_off_loop_cores(const base::Cores& cores) {
  const base::Cores rest = base::without(base::own_cores(), cores);
  if (cores.empty() || rest.empty()) return {};
  return base::stay_on(rest);
}

int run(const std::string& config_path, const std::string& ready_file) {
  auto config = node::read_config(config_path, node::Reading::Start);
  if (!config) return base::report_faults(config.error());
  base::report_warnings((*config)->warnings);
  base::prepare_process();
  const base::Status kept_off = keep_off_loop_cores((*config)->loop_cores);
  if (auto opened = logs::open((*config)->log); !opened) {
    base::report_error(kProgram, opened.error());
    return base::kExitConfig;
  }
  if (!kept_off) logs::warn(kept_off.error().text);
  int code = base::kExitOk;
  {
    node::Node node({.config_path = config_path, .ready_file = ready_file}, *config);
    if (auto started = node.start(); !started) {
      base::report_error(kProgram, started.error());
      code = base::kExitConfig;
    } else {
      node.run();
    }
  }
  logs::close();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  loop::keep_tls_buffers();
  CLI::App app("The Selvage edge: terminates TLS and HTTP/2, serves from the tiered cache, obeys purges.",
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
    const int code = app.exit(error);
    return code == 0 ? base::kExitOk : base::kExitConfig;
  }
  if (!check) return run(config_path, ready_file);
  const auto config = node::read_config(config_path, node::Reading::Check);
  if (!config) return base::report_faults(config.error());
  base::report_warnings((*config)->warnings);
  std::cout << config_path << ": good\n";
  return base::kExitOk;
}
