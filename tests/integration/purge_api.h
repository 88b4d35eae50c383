// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/integration/certificates.h"
#include "tests/integration/client.h"
#include "tests/integration/process.h"
#include "tests/support/own_port.h"

namespace harness {

/// A selvage-purge with a folder and a port of its own, which stay the same at each start. Its tokens:
/// "operator-secret" (purge and read, all sites), "node-secret" (node) and "standby-secret" (standby). One
/// thread.
class PurgeApi {
 public:
  PurgeApi(Certificates& certificates, std::string folder, std::uint64_t keep_entries = 1'000'000);

  /// Whether it listens.
  bool start();
  void set_keep_entries(std::uint64_t entries) { keep_entries_ = entries; }  ///< from the next start on
  /// In place of [log_store] and what else the default has, from the next start on.
  void set_log_store(std::string toml) { log_store_ = std::move(toml); }
  Process& process() { return *process_; }
  std::string output() const { return process_->output(); }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_.number()); }
  std::uint16_t port() const { return port_.number(); }
  const std::string& ca_file() const { return ca_file_; }
  std::string log_folder() const { return folder_ + "/log"; }

  /// POST /v1/purges as the operator; with `wait` ("5s") it answers once all live nodes have applied it.
  Response purge(const std::string& json, const std::string& wait = {});
  Response get(const std::string& path);
  /// The operator's client, for requests of another kind.
  Client& client() { return client_; }

 private:
  std::string folder_;
  Certificates::Files files_;
  std::uint64_t keep_entries_;
  std::string ca_file_;
  std::string log_store_{};
  support::OwnPort port_{};
  Client client_;
  std::unique_ptr<Process> process_{};
};

/// The sequence number in the answer to a purge; 0 if there is none.
std::uint64_t purge_sequence(const Response& response);

}  // namespace harness
