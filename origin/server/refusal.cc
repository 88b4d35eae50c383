// SPDX-License-Identifier: Apache-2.0
#include "origin/server/refusal.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace origin {

std::unexpected<Refusal> refuse(int status, std::string text) {
  return std::unexpected(Refusal{status, std::move(text)});
}

std::unexpected<Refusal> refuse_system(const std::string& what, const std::string& name, int number) {
  const std::string where = " '/" + name + "'";
  switch (number) {
    case ENOENT: return refuse(404, "there is no file" + where);
    case ENOTDIR: return refuse(404, "there is no file" + where + ": a part of its path is a file");
    case EXDEV:
    case ELOOP:
      return refuse(403,
                    where.substr(1) + " is or goes through a symbolic link that leaves the served folder");
    case EACCES:
    case EPERM: return refuse(403, "the server may not access" + where);
    case ENAMETOOLONG: return refuse(400, "the name" + where + " is too long for the file system");
    case ENOSPC:
    case EDQUOT: return refuse(507, "no space is left for" + where + "; nothing was changed");
    case EMFILE:
    case ENFILE: return refuse(503, "too many files are open, try again later");
    default: return refuse(500, what + where + " failed: " + std::strerror(number));
  }
}

}  // namespace origin
