// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include "edge/http/handler.h"

namespace http {

/// A short body that is known as a whole.
class TextSource final : public BodySource {
 public:
  /// `text`: at most base::kChunkBytes.
  explicit TextSource(std::string_view text) : rest_(base::slice_of(text)) {}

  Pull pull(std::size_t max, base::Slice& out) override {
    if (rest_.bytes.empty()) return Pull::End;
    out = {rest_.chunk, rest_.bytes.substr(0, max)};
    rest_.bytes.remove_prefix(out.bytes.size());
    return Pull::Data;
  }

 private:
  base::Slice rest_;
};

}  // namespace http
