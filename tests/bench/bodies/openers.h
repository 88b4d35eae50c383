// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "tests/bench/bodies/phases.h"

namespace bodies {

/// The disk tier as it is: bodies in LMDB.
std::unique_ptr<store::Disk> open_lmdb(const std::string& folder, const Plan& plan);

/// Bodies in segment files, written through the page cache.
std::unique_ptr<store::Disk> open_segments(const std::string& folder, const Plan& plan);

/// Bodies in segment files, written past the page cache.
std::unique_ptr<store::Disk> open_direct_segments(const std::string& folder, const Plan& plan);

}  // namespace bodies
