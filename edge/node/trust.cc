// SPDX-License-Identifier: Apache-2.0
#include "edge/node/context.h"

namespace node {

Trust trust_of(const Context& context, const Site& site) {
  const Shared& shared = context.shared;
  const SilenceRule& rule = site.silence;
  const bool silent = shared.silence && rule.after.count() != 0 && shared.silence() > rule.after;
  if (silent) context.counters.silence[static_cast<std::size_t>(rule.what)].add();
  if (silent && rule.what == SilenceRule::What::Refuse) return Trust::Refuse;
  if (silent && rule.what == SilenceRule::What::Revalidate) return Trust::Validate;
  return shared.distrust() ? Trust::Validate : Trust::Full;
}

}  // namespace node
