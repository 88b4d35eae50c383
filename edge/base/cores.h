// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/base/error.h"

/// Which cores threads run on. Any thread.
namespace base {

/// Sorted, each once.
using Cores = std::vector<unsigned>;

/// A list as taskset(1) and systemd's CPUAffinity have it: "0,2-5". Empty: none.
Result<Cores> parse_cores(std::string_view list);
std::string text_of(const Cores& cores);
/// Those that the program was started on: as they were at the first call.
const Cores& own_cores();
/// What is in `cores` and not in `others`.
Cores without(const Cores& cores, const Cores& others);
/// From now on the calling thread, and threads that it starts, run on these only.
Status stay_on(const Cores& cores);

}  // namespace base
