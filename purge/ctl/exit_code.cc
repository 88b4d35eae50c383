// SPDX-License-Identifier: Apache-2.0
#include "purge/ctl/exit_code.h"

#include <iostream>

namespace ctl {

int report(const base::Error& error) {
  std::cerr << "selvagectl: " << error.text << '\n';
  if (error.code == base::Errc::Invalid) return kUsage;  // a URL, or a field of a request
  const bool local = error.code == base::Errc::NotFound || error.code == base::Errc::System;
  return local ? kFailed : kUnreachable;
}

int report_refusal(const std::string& what, const Reply& reply) {
  std::cerr << "selvagectl: " << what << ": answered " << reply.status << ": " << reply.body;
  if (!reply.body.ends_with('\n')) std::cerr << '\n';
  return kFailed;
}

}  // namespace ctl
