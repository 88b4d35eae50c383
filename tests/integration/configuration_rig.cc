// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/configuration_rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace harness {
namespace {

constexpr const char* kEdge = R"([edge]
node = "edge-1"
loops = 1
[[listener]]
name = "https"
address = "127.0.0.1:0"
tls = true
[[listener]]
name = "http"
address = "127.0.0.1:0"
tls = false
[admin]
address = "127.0.0.1:0"
[[certificate]]
certificate = "@/www.pem"
key = "@/www.key"
[memory]
budget = "16MiB"
[disk]
folder = "@/cache"
budget = "64MiB"
[purge]
url = "https://127.0.0.1:1"
token = "secret"
ca_file = "@/ca.pem"
state_folder = "@/state"
[origins.main]
url = "http://127.0.0.1:1"
[[site]]
name = "www"
hosts = ["www.test", "*.www.test"]
origin = "main"
[[site.rule]]
path = "/assets/*"
default_ttl = "1h"
[limits]
idle = "10s"
)";

constexpr const char* kOrigin = R"(workers = 1
drain = "1s"
[[listener]]
address = "127.0.0.1:0"
tls = true
[tls]
certificate = "@/www.pem"
key = "@/www.key"
[admin]
address = "127.0.0.1:0"
[content]
root = "@/root"
max_upload = "1GiB"
[[rule]]
path = "/assets/*"
cache_control = "max-age=60"
[[token]]
name = "deploy"
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
[limits]
idle = "10s"
[log]
access = "@/access.log"
)";

constexpr const char* kPurge = R"([[listener]]
name = "api"
address = "127.0.0.1:0"
tls = true
[[certificate]]
certificate = "@/www.pem"
key = "@/www.key"
[admin]
address = "127.0.0.1:0"
[log_store]
folder = "@/log"
keep_entries = 1000
[[token]]
name = "deploy"
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
roles = ["purge", "read"]
sites = ["*"]
[limits]
wait = "10s"
idle = "10s"
)";

}  // namespace

ConfigurationRig::ConfigurationRig() {
  Certificates certificates(folder_.path());
  certificates.issue("other", {"other.test"});
  const Certificates::Files www = certificates.issue("www", {"www.test", "127.0.0.1"});
  certificates.copy_expired(www, folder_ / "old.pem");
  std::ofstream(folder_ / "file") << "no folder\n";
  std::filesystem::create_directory(folder_ / "root");
}

std::string ConfigurationRig::good(const std::string& program) {
  static const std::map<std::string, std::string> texts{
      {"selvage-edge", kEdge}, {"selvage-origin", kOrigin}, {"selvage-purge", kPurge}};
  return texts.at(program);
}

std::string ConfigurationRig::expanded(const std::string& text) const {
  std::string out = text;
  for (std::size_t at = 0; (at = out.find("@/")) != std::string::npos;) out.replace(at, 1, folder_.path());
  return out;
}

std::string ConfigurationRig::place(const std::string& text, const std::string& mark) const {
  const std::string whole = expanded(text);
  std::string wanted = expanded(mark);
  const std::size_t bar = wanted.find('|');
  if (bar != std::string::npos) wanted.erase(bar, 1);
  std::size_t at = whole.find(wanted);
  if (at == std::string::npos) ADD_FAILURE() << "no " << wanted << " in\n" << whole;
  if (bar != std::string::npos) at += bar;
  const std::string before = whole.substr(0, at);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t column = at - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
  return config_file() + ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
}

std::vector<std::string> ConfigurationRig::to_check(const std::string& name) const {
  return {program(name), "--config", config_file(), "--check"};
}

std::vector<std::string> ConfigurationRig::to_start(const std::string& name) const {
  return {program(name), "--config", config_file(), "--ready-file", folder_ / "ready"};
}

ConfigurationRig::Ended ConfigurationRig::check(const std::string& name, const std::string& text) {
  return run({to_check(name)}, text).front();
}

ConfigurationRig::Ended ConfigurationRig::start(const std::string& name, const std::string& text) {
  return run({to_start(name)}, text).front();
}

std::vector<ConfigurationRig::Ended> ConfigurationRig::both(const std::string& name,
                                                            const std::string& text) {
  return run({to_check(name), to_start(name)}, text);
}

std::vector<ConfigurationRig::Ended> ConfigurationRig::run(std::vector<std::vector<std::string>> commands,
                                                           const std::string& text) {
  std::ofstream(config_file()) << expanded(text);
  std::filesystem::remove(folder_ / "ready");
  std::vector<std::unique_ptr<Process>> processes;
  for (auto& command : commands) {
    processes.push_back(
        std::make_unique<Process>(std::move(command), folder_ / ("output." + std::to_string(++runs_))));
  }
  std::vector<Ended> all;
  for (const auto& process : processes) {
    // One that starts after all shall not make the test wait for long.
    wait_until([&] { return !process->running() || std::filesystem::exists(folder_ / "ready"); },
               std::chrono::seconds(60));
    Ended& ended = all.emplace_back();
    if (!process->running()) ended.code = process->wait();
    process->stop();
    std::istringstream output(process->output());
    for (std::string line; std::getline(output, line);) ended.lines.push_back(line);
  }
  return all;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    ADD_FAILURE() << "no " << from << " in\n" << text;
    return text;
  }
  return text.replace(at, from.size(), to);
}

}  // namespace harness
