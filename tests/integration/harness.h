// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All that tests with real programs use: a folder of their own, processes, an HTTP client and an origin that
/// share no code with what is tested, certificates, metrics, waiting.
#include "tests/integration/body.h"
#include "tests/integration/certificates.h"
#include "tests/integration/client.h"
#include "tests/integration/edge.h"
#include "tests/integration/metrics_text.h"
#include "tests/integration/origin.h"
#include "tests/integration/process.h"
#include "tests/integration/purge_api.h"
#include "tests/integration/relay.h"
#include "tests/integration/upload_origin.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait_until.h"

namespace harness {

using support::TempFolder;
using support::wait_until;

}  // namespace harness
