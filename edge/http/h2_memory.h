// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

namespace http {

/// Where nghttp2 gets its memory: from malloc, but for the 16 KiB frame buffer that each session allocates at
/// once and then mostly leaves untouched. On the heap that buffer lands on pages that are resident already;
/// here it lies on pages of its own, of which an idle session touches one. Sessions must end on the thread
/// that made them.
nghttp2_mem* h2_memory();

}  // namespace http
