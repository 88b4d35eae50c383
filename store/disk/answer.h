// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "store/disk/disk.h"

namespace store {

/// Hands `result` to `answer` on the thread of `home`.
template <typename T>
void post_answer(base::Executor& home, Answer<T> answer, base::Result<T> result) {
  home.post(
      [answer = std::move(answer), result = std::move(result)]() mutable { answer(std::move(result)); });
}

}  // namespace store
