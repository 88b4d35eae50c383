// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <utility>

#include "purge/clock/json_text.h"
#include "purge/server/requests.h"
#include "purge/server/standing.h"

namespace purgeapi {
namespace {

constexpr std::size_t kBodyBytesMax = 4096;

Refusal invalid(std::string text) { return {.status = 400, .code = "invalid", .text = std::move(text)}; }

}  // namespace

AckRequest::AckRequest(Call call) : ApiRequest(std::move(call), kBodyBytesMax) {}

void AckRequest::answer() {
  if (!purge::is_node_name(call().name())) {
    return refuse(
        invalid("found node \"" + call().name() + "\", allowed: " + std::string(purge::kNodeNamesAllowed)));
  }
  const nlohmann::json object = purge::json_or_null(body());
  if (!object.is_object() || !object.contains("applied") || !object["applied"].is_number_unsigned() ||
      !object.contains("log_id") || !object["log_id"].is_string()) {
    return refuse(invalid("allowed: {\"applied\":NUMBER,\"log_id\":TEXT}"));
  }
  const auto applied = object["applied"].get<Sequence>();
  PurgeLog& journal = api().journal();
  if (Standing* standing = api().standing()) {
    // Who has applied numbers of a newer term than this log's knows more than it.
    if (term_of(applied) > standing->leadership().term) {
      standing->meets(
          {.log_id = object["log_id"].get<std::string>(), .leadership = {.term = term_of(applied)}});
    }
    if (auto refusal = standing->refusal()) return refuse(*refusal);
  }
  // Of a log that others write too, a node may know a newer entry before this process does.
  const bool beyond = applied > journal.bounds().head && api().standing() != nullptr;
  if (beyond || object["log_id"].get_ref<const std::string&>() != journal.log_id()) {
    return refuse({.status = 409,
                   .code = "conflict",
                   .text = "entry " + std::to_string(applied) + " of log \"" +
                           object["log_id"].get<std::string>() + "\" is not of this log, " +
                           journal.log_id() + ", whose head is " + std::to_string(journal.bounds().head)});
  }
  if (!api().nodes().acknowledged(call().name(), applied)) {
    return refuse(
        {.status = 503, .code = "unavailable", .text = "there are as many nodes as [limits] nodes allows"});
  }
  journal.tell({.name = call().name(), .applied = applied});
  respond(200, "{}");
}

}  // namespace purgeapi
