// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harness {

/// The sum of all samples of `name` in a /metrics text whose labels hold all of `labels` (each as it stands
/// there: `tier="memory"`). 0 if there is none.
double metric(std::string_view text, std::string_view name, const std::vector<std::string>& labels = {});

}  // namespace harness
