// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/certificates.h"
#include "tests/integration/client.h"
#include "tests/integration/process.h"

namespace harness {

/// A selvage-edge with a folder of its own, which outlives its starts: what is on disk is found again. It
/// serves the site "www" for https://www.test and http://www.test, which only clients with `client_options()`
/// can reach. One thread.
class Edge {
 public:
  struct Options {
    std::string node{"edge-1"};
    std::string origin{};       ///< URL
    std::string origin_keys{};  ///< further lines of its table
    std::string memory{"64MiB"};
    std::string disk{"1GiB"};
    unsigned loops = 2;
    std::string drain{"5s"};
    std::string purge_url{};                ///< empty: without a purge API
    std::vector<std::string> purge_urls{};  ///< in its place
    std::string purge_token{"node-secret"};
    std::string edge_keys{};   ///< further lines of [edge]
    std::string site{};        ///< further lines of [[site]]
    std::string disk_keys{};   ///< further lines of [disk]
    std::string purge_keys{};  ///< further lines of [purge]
    std::string extra{};       ///< further tables
  };
  Edge(Certificates& certificates, std::string folder, Options options);

  /// Writes the configuration and starts the program; whether it listens. What it printed otherwise:
  /// output().
  bool start();
  bool running() const { return process_ != nullptr && process_->running(); }
  Process& process() { return *process_; }
  std::string output() const { return process_->output(); }
  Options& options() { return options_; }  ///< for the next start
  const std::string& config_file() const { return config_file_; }
  std::string cache_folder() const { return folder_ + "/cache"; }
  std::string state_folder() const { return folder_ + "/state"; }

  /// Whether /readyz says yes before `limit`.
  bool wait_ready(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// Waits until nothing is on its way to its tiers; what its clients have got before is there then.
  bool settled() const;
  /// Connects www.test to where the edge listens since its last start.
  Client::Options client_options() const;
  std::string https_address() const { return ready_.listeners.at("https"); }
  std::string http_address() const { return ready_.listeners.at("http"); }
  std::string address_of(const std::string& listener) const { return ready_.listeners.at(listener); }
  std::string admin_url() const { return "http://" + ready_.admin; }
  /// From the admin listener.
  Response admin(const std::string& path_and_query) const;
  double metric(const std::string& name, const std::vector<std::string>& labels = {}) const;

 private:
  std::string config() const;

  std::string folder_;
  std::string config_file_;
  std::string ca_file_;
  Certificates::Files files_;
  Options options_;
  std::unique_ptr<Process> process_{};
  Ready ready_{};
};

}  // namespace harness
