// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "edge/base/error.h"
#include "edge/base/settings.h"

/// What all daemons' main() share. Main thread, before other threads start.
namespace base {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  ///< stopped by an error while running
inline constexpr int kExitConfig = 2;  ///< wrong arguments or configuration: nothing was started

/// "selvage-edge 0.1.0", for --version.
std::string version_text(const std::string& program);

/// Prints one fault a line to standard error; answers kExitConfig.
int report_faults(const std::vector<Fault>& faults);
/// The same for what is no reason to stop.
void report_warnings(const std::vector<Fault>& warnings);
/// The same for an error at start that no line of the configuration can be blamed for: "selvage-edge: port in
/// use …".
int report_error(const std::string& program, const Error& error);

/// Ignores SIGPIPE, raises the soft limit of open files to the hard one, and keeps malloc from holding memory
/// back: few arenas, fixed thresholds, so that resident memory follows the budgets.
void prepare_process();

/// A listener as it was bound, for the ready file.
struct BoundListener {
  std::string name{};
  std::string address{};  ///< "127.0.0.1:8443"
};
/// Writes, all at once, the file that `--ready-file` names:
/// {"listeners":[{"name","address"}],"admin":"host:port"}. Call when the program answers requests. An empty
/// `path` does nothing; an empty `admin` is left out.
Status write_ready_file(const std::string& path, const std::vector<BoundListener>& listeners,
                        const std::string& admin);

}  // namespace base
