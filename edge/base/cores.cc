// SPDX-License-Identifier: Apache-2.0
#include "edge/base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "edge/base/text.h"

namespace base {
namespace {

Cores cores_now() {
  cpu_set_t set;
  CPU_ZERO(&set);
  Cores out;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return out;
  for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) out.push_back(core);
  }
  return out;
}

std::unexpected<Error> refuse(std::string_view part) {
  return fail(Errc::Invalid,
              "found \"" + std::string(part) + "\", allowed: cores and ranges of them such as \"0,2-5\"");
}

}  // namespace

Result<Cores> parse_cores(std::string_view list) {
  Cores out;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const std::size_t dash = part.find('-');
    const auto first = decimal(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : decimal(part.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= CPU_SETSIZE) return refuse(part);
    for (auto core = *first; core <= *last; ++core) out.push_back(static_cast<unsigned>(core));
    if (list.empty() && comma != std::string_view::npos) return refuse("");
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::string text_of(const Cores& cores) {
  std::string out;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t end = i + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    if (!out.empty()) out += ',';
    out += std::to_string(cores[i]);
    if (end - i > 1) out += '-' + std::to_string(cores[end - 1]);
    i = end;
  }
  return out;
}

const Cores& own_cores() {
  static const Cores own = cores_now();
  return own;
}

Cores without(const Cores& cores, const Cores& others) {
  Cores out;
  std::ranges::set_difference(cores, others, std::back_inserter(out));
  return out;
}

Status stay_on(const Cores& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned core : cores) CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) == 0) return {};
  return fail(Errc::System, "cannot run on cores " + text_of(cores) + ": " + std::strerror(errno));
}

}  // namespace base
