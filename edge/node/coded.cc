// SPDX-License-Identifier: Apache-2.0
#include "edge/node/coded.h"

#include <utility>

#include "edge/node/coding_job.h"
#include "edge/node/decoded.h"
#include "edge/node/tiers.h"
#include "edge/node/variant.h"

namespace node {

using namespace std::chrono_literals;

namespace {
constexpr base::Duration kRetryPause = 10s;  // after a coding that failed: then it is tried again
}

CodedKey::CodedKey(const store::Object& identity, policy::Coding coding)
    : text(identity.key_text + "\ncoded " + policy::name_of(coding) + ' ' + std::to_string(identity.id)),
      key(key_of(text)) {}

void Coded::begin(const policy::CodingRule& rule, const Config& config, const http::RequestHead& request,
                  const policy::CacheControl& directives) {
  if (context_.shared.coder == nullptr) return;
  config_ = &config;
  rule_ = &rule;
  if (rule_->types.empty() || request.fields.has("range") || directives.no_transform) return;
  coding_ = policy::choose_coding(request.fields);
}

bool Coded::wanted(const policy::StoredResponse& identity, std::optional<std::uint64_t> bytes) const {
  return coding_ && bytes && rule_->wants(*bytes) && policy::may_be_coded(*rule_, identity);
}

Coded::Way Coded::way(const fetch::Fetch::View& view) const {
  if (!view.kept || view.sharing != fetch::Fetch::Sharing::All) return Way::Stream;
  if (!wanted(*view.head, view.total)) return Way::Stream;
  if (!view.settled) return Way::Wait;
  return view.object ? Way::Object : Way::Stream;
}

void Coded::find(store::ObjectRef identity, Found then) {
  identity_ = std::move(identity);
  then_ = std::move(then);
  place_.emplace(*identity_, *coding_);
  if (store::ObjectRef coded = context_.shared.memory.find(place_->key, place_->text)) {
    note_use(context_.shared, coded, context_.executor.clock().steady());
    return use(std::move(coded));
  }
  if (context_.shared.disk.may_have(place_->key)) return look_on_disk();
  make();
}

void Coded::look_on_disk() {
  context_.shared.disk.find(place_->key, place_->text, context_.executor,
                            anchor_.wrap([this](base::Result<store::ObjectRef> coded) {
                              if (!coded) return make();
                              promote(context_.shared, *coded);
                              use(std::move(*coded));
                            }));
}

void Coded::make() {
  const base::Steady now = context_.executor.clock().steady();
  if (context_.shared.retry_pauses.marked(place_->key, now)) return use(nullptr);
  store::PinRef pin;
  if (!identity_->whole()) {
    pin = context_.shared.disk.pin(identity_->key, identity_->id);
    if (!pin) return use(nullptr);
  }
  CodingJob job(context_.shared, identity_, std::move(pin), *place_, *coding_,
                {.level = config_->compress.level_of(*coding_), .whole_max = whole_max(*config_, context_.shared)});
  const bool accepted =
      context_.shared.coder->submit({identity_->id, *coding_}, std::move(job), context_.executor,
                                    anchor_.wrap([this](coding::Coder::Made made) {
                                      if (made) return use(std::move(*made));
                                      const base::Steady failed_at = context_.executor.clock().steady();
                                      context_.shared.retry_pauses.mark(place_->key, failed_at + kRetryPause);
                                      use(nullptr);
                                    }));
  if (!accepted) return use(nullptr);
  // Others are before it: the coding goes on, for those who come later.
  if (then_) wait_.start(config_->compress.wait, [this] { use(nullptr); });
}

void Coded::use(store::ObjectRef coded) {
  if (!then_) return;  // answered: it came too late
  wait_.stop();
  const bool smaller = coded && is_coded(*coded);
  const Found then = std::exchange(then_, {});
  then(smaller ? std::move(coded) : nullptr);
}

void Coded::set_fields(const policy::StoredResponse& identity, bool coded, http::Fields& answer) const {
  if (rule_ == nullptr || !policy::may_be_coded(*rule_, identity)) return;
  if (coded) policy::set_coding(answer, *coding_);
  policy::vary_by_coding(answer);
}

}  // namespace node
