// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/bench/replay/trace.h"

namespace replay {

/// A Markdown table of what both tiers together do, beside models of peers: object hit ratio / byte hit ratio
/// (if the trace knows sizes) / bytes written to disk for each byte requested.
void print_tiers_head();
/// Its line for one trace: memory with 1 %, disk with 10 % of what all objects of the trace take. Answers a line for each
/// goal: what was found beside the best of the peers, and whether that is met.
std::vector<std::string> print_tiers(const Trace& trace);

}  // namespace replay
