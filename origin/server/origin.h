// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "edge/base/error.h"
#include "edge/loop/loop.h"
#include "origin/server/config.h"

namespace origin {

struct FilePools;

/// The running origin: its worker loops with their servers, the file pools, the admin listener on `home`.
/// Made, used and ended on the home thread; its end cuts what still runs.
class Origin {
 public:
  /// Opens the folder and the listeners. What cannot be is added to the file's faults, and the answer is
  /// null.
  static std::unique_ptr<Origin> start(loop::Loop& home, ConfigFile& file);
  ~Origin();

  std::uint16_t port(std::size_t listener) const;
  std::uint16_t admin_port() const;
  /// Tells the world where it listens (base::write_ready_file).
  base::Status write_ready_file(const std::string& path) const;

  /// Puts new rules, tokens and certificates in force. Fails, changing nothing, if `config` differs in what
  /// only a restart can change.
  base::Status reload(const Config& config);
  /// Takes no new connections, finishes what runs (bounded by the configuration), then calls `done` on the
  /// home loop.
  void drain(base::Task done);
  void reopen_logs();
  /// Its file threads: for tests, which hold them up.
  FilePools& files();

 private:
  struct Impl;
  explicit Origin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace origin
