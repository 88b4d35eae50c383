// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/base/metrics.h"

namespace metrics {

/// The process's own metrics under the names that all Prometheus clients use, from /proc/self.
void sample_process(Samples& samples);

}  // namespace metrics
