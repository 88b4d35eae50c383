// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "edge/base/log.h"
#include "edge/base/program.h"
#include "edge/loop/signals.h"
#include "origin/server/origin.h"

namespace {

constexpr const char* kProgram = "selvage-origin";

void reload(const std::string& path, origin::Origin& running) {
  const origin::ConfigFile file = origin::ConfigFile::read(path, origin::Reading::Reload);
  for (const base::Fault& fault : file.faults())
    logs::error("configuration not reloaded", {{"fault", fault.str()}});
  if (!file.faults().empty()) return;
  for (const base::Fault& warning : file.warnings()) logs::warn(warning.str());
  if (auto done = running.reload(file.config()); !done) {
    logs::error("configuration not reloaded", {{"file", path}, {"fault", done.error().text}});
    return;
  }
  if (auto opened = logs::open(file.config().log); !opened) {
    logs::error("log not opened again", {{"reason", opened.error().text}});
  }
  running.reopen_logs();
  logs::info("configuration reloaded", {{"file", path}});
}

/// Runs until a signal ends it; answers the exit code.
int serve(const std::string& path, origin::ConfigFile& file, const std::string& ready_file) {
  loop::Loop home;
  const std::unique_ptr<origin::Origin> running = origin::Origin::start(home, file);
  if (!running) return base::report_faults(file.faults());
  bool ending = false;
  const loop::Signals signals(home, [&](int number) {
    if (number == SIGHUP) return reload(path, *running);
    if (std::exchange(ending, true)) return home.stop();  // told twice: at once
    logs::info("going down", {{"signal", number}});
    running->drain([&home] { home.stop(); });
  });
  if (auto written = running->write_ready_file(ready_file); !written) {
    base::report_error(kProgram, written.error());
    return base::kExitFailed;
  }
  for (std::size_t i = 0; i < file.config().listeners.size(); ++i) {
    logs::info("listening", {{"address", file.config().listeners[i].address}, {"port", running->port(i)}});
  }
  home.run();
  return base::kExitOk;
}

int run(const std::string& path, origin::ConfigFile& file, const std::string& ready_file) {
  base::prepare_process();
  if (auto opened = logs::open(file.config().log); !opened) {
    base::report_error(kProgram, opened.error());
    return base::kExitConfig;
  }
  const int code = serve(path, file, ready_file);
  logs::close();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Selvage's origin: takes uploads (PUT, DELETE) and serves a folder over HTTP/1.1 and HTTP/2.",
               kProgram);
  std::string path;
  std::string ready_file;
  bool check = false;
  app.add_option("-c,--config", path, "Configuration file (TOML)")->required();
  app.add_option("--ready-file", ready_file,
                 "Write the bound addresses to this file once requests are answered");
  app.add_flag("--check", check, "Check the configuration and exit: 0 if it is good, 2 if not");
  app.set_version_flag("--version", base::version_text(kProgram));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? base::kExitOk : base::kExitConfig;
  }
  origin::ConfigFile file =
      origin::ConfigFile::read(path, check ? origin::Reading::Check : origin::Reading::Start);
  if (!file.faults().empty()) return base::report_faults(file.faults());
  base::report_warnings(file.warnings());
  if (!check) return run(path, file, ready_file);
  std::cout << path << ": good\n";
  return base::kExitOk;
}
