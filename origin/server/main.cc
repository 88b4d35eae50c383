// SPDX-License-Identifier: Apache-2.0
// selvage-origin: takes uploads and serves them. Exit codes: 0 ended as told, 1 failed while running, 2 wrong
// configuration or command line.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "edge/loop/signals.h"
#include "origin/server/origin.h"

namespace {

int report(const origin::ConfigFile& file) {
  for (const base::Fault& fault : file.faults()) std::cerr << fault.str() << '\n';
  return 2;
}

/// As many open files as the system lets us have: each download holds one.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void reload(const std::string& path, origin::Origin& running) {
  const origin::ConfigFile file = origin::ConfigFile::read(path);
  for (const base::Fault& fault : file.faults()) logs::error("not reloaded", {{"fault", fault.str()}});
  if (!file.faults().empty()) return;
  if (auto done = running.reload(file.config()); !done) {
    logs::error("not reloaded", {{"fault", path + ": " + done.error().text}});
    return;
  }
  if (auto opened = logs::open(file.config().log); !opened)
    logs::error("log not reopened", {{"reason", opened.error().text}});
  running.reopen_logs();
  logs::info("configuration reloaded", {{"file", path}});
}

int run(const std::string& path, origin::ConfigFile& file) {
  raise_file_limit();
  if (auto opened = logs::open(file.config().log); !opened) {
    std::cerr << opened.error().text << '\n';
    return 2;
  }
  loop::Loop home;
  const std::unique_ptr<origin::Origin> running = origin::Origin::start(home, file);
  if (!running) return report(file);
  bool ending = false;
  const loop::Signals signals(home, [&](int number) {
    if (number == SIGHUP) return reload(path, *running);
    if (std::exchange(ending, true)) return home.stop();  // told twice: at once
    logs::info("going down", {{"signal", number}});
    running->drain([&home] { home.stop(); });
  });
  for (std::size_t i = 0; i < file.config().listeners.size(); ++i) {
    logs::info("listening", {{"address", file.config().listeners[i].address}, {"port", running->port(i)}});
  }
  home.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Selvage's origin: takes uploads (PUT, DELETE) and serves a folder over HTTP/1.1 and HTTP/2."};
  std::string path;
  bool check_only = false;
  app.add_option("-c,--config", path, "Configuration file (TOML)")->required();
  app.add_flag("--check", check_only, "Check the configuration and exit: 0 good, 2 not");
  app.set_version_flag("--version", std::string("selvage-origin ") + SELVAGE_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  origin::ConfigFile file = origin::ConfigFile::read(path);
  if (!file.faults().empty()) return report(file);
  if (check_only) {
    std::cout << path << ": good\n";
    return 0;
  }
  const int code = run(path, file);
  logs::close();
  return code;
}
