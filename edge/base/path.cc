// SPDX-License-Identifier: Apache-2.0
#include "edge/base/path.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace base {
namespace {

namespace fs = std::filesystem;

// Like access(), with the reason as an error that names the path.
Status may(const fs::path& path, int how, const char* what) {
  // The effective user's rights are what opening will be judged by.
  if (::eaccess(path.c_str(), how) == 0) return {};
  return fail_system("\"" + path.string() + "\" " + what, errno);
}

fs::path absolute(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

}  // namespace

Status can_use_folder(const std::string& folder) {
  const fs::path wanted = absolute(folder);
  // The nearest folder above that exists is where the missing ones would be made.
  for (fs::path at = wanted;; at = at.parent_path()) {
    std::error_code error;
    const fs::file_status status = fs::status(at, error);
    if (status.type() == fs::file_type::not_found && at != at.root_path()) continue;
    if (!fs::exists(status))
      return fail(Errc::System, "\"" + at.string() + "\" cannot be examined: " + error.message());
    if (!fs::is_directory(status)) return fail(Errc::Invalid, "\"" + at.string() + "\" is no folder");
    if (at == wanted) return may(at, R_OK | W_OK | X_OK, "cannot be read and written by this user");
    return may(at, W_OK | X_OK, "cannot be written by this user, who needs to make a folder in it");
  }
}

Status can_write_file(const std::string& path) {
  const fs::path wanted = absolute(path);
  std::error_code error;
  const fs::file_status status = fs::status(wanted, error);
  if (fs::is_directory(status)) return fail(Errc::Invalid, "\"" + path + "\" is a folder");
  if (fs::exists(status)) return may(wanted, W_OK, "cannot be written by this user");
  const fs::path folder = wanted.parent_path();
  if (!fs::is_directory(folder, error))
    return fail(Errc::NotFound, "there is no folder \"" + folder.string() + "\"");
  return may(folder, W_OK | X_OK, "cannot be written by this user");
}

bool paths_overlap(const std::string& one, const std::string& other) {
  std::error_code error;
  const fs::path first = fs::weakly_canonical(absolute(one), error);
  const fs::path second = fs::weakly_canonical(absolute(other), error);
  const auto [in_first, in_second] = std::ranges::mismatch(first, second);
  return in_first == first.end() || in_second == second.end();
}

}  // namespace base
