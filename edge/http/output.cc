// SPDX-License-Identifier: Apache-2.0
#include "edge/http/output.h"

#include <algorithm>
#include <cstring>

namespace http {

void Output::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min(bytes.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, bytes.data(), n);
    used_ += n;
    bytes.remove_prefix(n);
    if (used_ == buffer_.size()) commit();
  }
}

void Output::commit() {
  if (used_ == 0) return;
  const std::string_view record(buffer_.data(), used_);
  used_ = 0;
  if (!failed_ && transport_.write(record) == loop::Transport::Io::Failed) failed_ = true;
}

}  // namespace http
