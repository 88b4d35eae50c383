// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/integration/process.h"
#include "tests/support/own_port.h"

namespace harness {

/// A selvage-origin with a folder and a port of its own, which stay the same at each start. All that it
/// serves may be kept for an hour; the token "upload-secret" may change everything. One thread.
class UploadOrigin {
 public:
  explicit UploadOrigin(std::string folder);

  /// Whether it listens.
  bool start();
  Process& process() { return *process_; }
  std::string output() const { return process_->output(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_.number()); }
  std::string root() const { return folder_ + "/root"; }
  const std::string& config_file() const { return config_file_; }

 private:
  std::string folder_;
  std::string config_file_;
  support::OwnPort port_{};
  std::unique_ptr<Process> process_{};
};

}  // namespace harness
