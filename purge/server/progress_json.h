// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "purge/server/nodes.h"
#include "purge/server/purge_log.h"

namespace purgeapi {

/// {"sequence":N,"nodes":[{"node","applied":true,"ms","at"}],"pending":[…],"away":[…]}, and "sequences" of a
/// batch, and what entry_json has of an entry.
std::string progress_json(Sequence sequence, const Progress& progress, const JournalEntry* entry = nullptr,
                          const std::vector<Sequence>& sequences = {});
/// {"sequence":N,"at","purge","by","from","api"}: the last three as far as they are known.
std::string entry_json(const JournalEntry& entry);

}  // namespace purgeapi
