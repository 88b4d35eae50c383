// SPDX-License-Identifier: Apache-2.0
#include "edge/node/answer.h"

#include <algorithm>

#include "edge/http/date.h"
#include "edge/node/purge_clock.h"
#include "edge/policy/conditional.h"
#include "edge/policy/freshness.h"

namespace node {
namespace {

using http::Pull;
using Sending = http::Fields::Sending;

/// What an answer has beside what is stored: Age, Accept-Ranges, Cache-Status, Content-Range or what coding adds.
constexpr std::size_t kOwnFields = 6;
constexpr std::size_t kOwnBytes = 160;

// A run of a body: `left` bytes from `offset`, or to its end.
class RunBody final : public http::BodySource {
 public:
  RunBody(std::unique_ptr<Bytes> bytes, std::uint64_t offset, std::optional<std::uint64_t> left)
      : bytes_(std::move(bytes)), offset_(offset), left_(left) {}

  Pull pull(std::size_t max, base::Slice& out) override {
    if (left_) {
      if (*left_ == 0) return Pull::End;
      max = static_cast<std::size_t>(std::min<std::uint64_t>(max, *left_));
    }
    const Pull result = bytes_->read(offset_, max, out);
    if (result == Pull::End && left_) return Pull::Failed;  // shorter than the head has promised
    if (result != Pull::Data) return result;
    offset_ += out.bytes.size();
    if (left_) *left_ -= out.bytes.size();
    return Pull::Data;
  }
  // Of a body whose length was not known: a known one is over before they come.
  const http::Fields* trailers() const override { return bytes_->trailers(); }

 private:
  std::unique_ptr<Bytes> bytes_;
  std::uint64_t offset_;
  std::optional<std::uint64_t> left_;
};

// multipart/byteranges: texts and runs in turn.
class MultipartBody final : public http::BodySource {
 public:
  MultipartBody(std::unique_ptr<Bytes> bytes, std::vector<policy::ByteRange> parts, policy::Multipart multipart)
      : bytes_(std::move(bytes)), parts_(std::move(parts)), multipart_(std::move(multipart)) {}

  Pull pull(std::size_t max, base::Slice& out) override {
    if (part_ > parts_.size()) return Pull::End;
    if (in_text_) return pull_text(max, out);
    const policy::ByteRange& range = parts_[part_];
    const std::uint64_t left = range.size() - done_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(max, left));
    const Pull result = bytes_->read(range.first + done_, size, out);
    if (result == Pull::End) return Pull::Failed;
    if (result == Pull::Data && (done_ += out.bytes.size()) == range.size()) {
      done_ = 0;
      ++part_;
      in_text_ = true;
    }
    return result;
  }

 private:
  Pull pull_text(std::size_t max, base::Slice& out) {
    const std::string& text = part_ < parts_.size() ? multipart_.heads[part_] : multipart_.tail;
    out = base::slice_of(std::string_view(text).substr(static_cast<std::size_t>(done_), max));
    done_ += out.bytes.size();
    if (done_ == text.size()) {
      done_ = 0;
      in_text_ = false;
      if (part_ == parts_.size()) ++part_;
    }
    return Pull::Data;
  }

  std::unique_ptr<Bytes> bytes_;
  std::vector<policy::ByteRange> parts_;
  policy::Multipart multipart_;
  std::size_t part_ = 0;
  std::uint64_t done_ = 0;
  bool in_text_ = true;
};

class TextBody final : public http::BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Pull pull(std::size_t max, base::Slice& out) override {
    if (done_ == text_.size()) return Pull::End;
    out = base::slice_of(std::string_view(text_).substr(done_, std::min(max, base::kChunkBytes)));
    done_ += out.bytes.size();
    return Pull::Data;
  }

 private:
  std::string text_;
  std::size_t done_ = 0;
};

void apply_range(const http::RequestHead& request, const AnswerFacts& facts, Answer& answer) {
  const std::uint64_t total = *facts.total;
  policy::RangeChoice choice =
      policy::choose_range(request, answer.head.fields, total, facts.ranges_max, facts.now);
  switch (choice.kind) {
    case policy::RangeChoice::Kind::Whole: return;
    case policy::RangeChoice::Kind::Unsatisfiable:
      answer.head.status = 416;
      answer.head.fields.set("content-range", policy::content_range_unsatisfied(total));
      answer.head.fields.remove("content-type");
      answer.head.body_bytes = 0;
      answer.with_body = false;
      return;
    case policy::RangeChoice::Kind::Partial: break;
  }
  answer.head.status = 206;
  answer.parts = std::move(choice.parts);
  // No client can rely on the order of parts (RFC 9110 15.3.7.2).
  if (facts.in_order) std::ranges::sort(answer.parts, {}, &policy::ByteRange::first);
  if (answer.parts.size() == 1) {
    answer.head.fields.set("content-range", policy::content_range(answer.parts[0], total));
    answer.head.body_bytes = answer.parts[0].size();
    return;
  }
  const std::string type(answer.head.fields.get("content-type").value_or(""));
  answer.multipart = policy::make_multipart(answer.parts, total, type, facts.boundary_seed);
  answer.head.fields.set("content-type", answer.multipart->content_type);
  answer.head.body_bytes = answer.multipart->body_bytes;
}

void apply_conditions(const http::RequestHead& request, const AnswerFacts& facts, Answer& answer) {
  switch (policy::evaluate(request, answer.head.status, answer.head.fields, facts.now)) {
    case policy::Precondition::NotModified:
      answer.head.status = 304;
      answer.head.body_bytes.reset();
      answer.with_body = false;
      return;
    case policy::Precondition::Failed:
      answer.head.status = 412;
      answer.head.body_bytes = 0;
      answer.with_body = false;
      return;
    case policy::Precondition::Proceed: break;
  }
  if (answer.head.status == 200 && facts.total) apply_range(request, facts, answer);
}

}  // namespace

// Another edge purges by the same tags and obeys the same directives as this one.
static void add_for_peer(const policy::StoredResponse& stored, const AnswerFacts& facts, http::Fields& fields) {
  fields.set(kClockField, facts.peer_clock);
  for (const http::Fields::Field field : stored.hidden) fields.add(field.name, field.value);
  // By the field that can say it: between spaces, or, with spaces in it, between commas.
  std::string keys;
  std::string tags;
  for (const std::string& tag : stored.tags) {
    const bool plain = tag.find(' ') == std::string::npos;
    std::string& list = plain ? keys : tags;
    if (!list.empty()) list += plain ? " " : ", ";
    list += tag;
  }
  if (!keys.empty()) fields.add("surrogate-key", keys);
  if (!tags.empty()) fields.add("cache-tag", tags);
}

Answer make_answer(const http::RequestHead& request, const policy::StoredResponse& stored,
                   const AnswerFacts& facts) {
  Answer answer;
  answer.head.status = stored.status;
  answer.head.fields.reserve(stored.fields.text_bytes() + kOwnBytes, stored.fields.size() + kOwnFields);
  answer.head.fields = stored.fields;
  answer.head.body_bytes = facts.total;
  if (http::has_no_body(request.method, stored.status)) answer.with_body = false;
  if (facts.from_cache) {
    apply_conditions(request, facts, answer);
    answer.head.fields.set("age", std::to_string(policy::current_age(stored, facts.now).count()),
                           Sending::Literal);
    if (!answer.head.fields.has("accept-ranges") && answer.head.status == 200) {
      answer.head.fields.add("accept-ranges", "bytes", Sending::Indexed);
    }
  }
  std::string upstream;
  if (answer.head.fields.has("cache-status")) {
    upstream = answer.head.fields.combined("cache-status");
    answer.head.fields.remove("cache-status");
  }
  if (!facts.peer_clock.empty()) add_for_peer(stored, facts, answer.head.fields);
  answer.head.fields.add("cache-status", policy::with_member(upstream, facts.status),
                         upstream.empty() ? Sending::Recurring : Sending::Unknown);
  return answer;
}

Answer make_fragment_answer(const http::RequestHead& request, const policy::StoredResponse& fragment,
                            const AnswerFacts& facts, std::optional<policy::ByteRange> run) {
  AnswerFacts whole = facts;
  whole.total.reset();
  Answer answer = make_answer(request, fragment, whole);
  if (answer.head.status != 200) {
    answer.head.fields.remove("content-range");
    return answer;
  }
  answer.head.status = 206;
  answer.head.body_bytes = fragment.body_bytes;
  if (!run) return answer;
  answer.head.fields.set("content-range", policy::content_range(*run, fragment.whole_bytes));
  answer.head.body_bytes = run->size();
  answer.parts = {{run->first - fragment.part_first, run->last - fragment.part_first}};
  return answer;
}

std::unique_ptr<http::BodySource> make_body(const Answer& answer, std::unique_ptr<Bytes> bytes,
                                            std::optional<std::uint64_t> total) {
  if (!answer.with_body) return nullptr;
  if (answer.multipart) return std::make_unique<MultipartBody>(std::move(bytes), answer.parts, *answer.multipart);
  if (answer.parts.size() == 1) {
    return std::make_unique<RunBody>(std::move(bytes), answer.parts[0].first, answer.parts[0].size());
  }
  return std::make_unique<RunBody>(std::move(bytes), 0, total);
}

http::ResponseHead synthetic_head(const Synthetic& synthetic, std::string_view node, base::Wall now) {
  http::ResponseHead head;
  head.status = synthetic.status;
  head.body_bytes = synthetic.text.size();
  head.fields.add("date", http::format_date(now));
  head.fields.add("content-type", "text/plain; charset=utf-8");
  head.fields.add("cache-control", "no-store");
  if (!synthetic.location.empty()) head.fields.add("location", synthetic.location);
  if (!synthetic.allow.empty()) head.fields.add("allow", synthetic.allow);
  if (synthetic.retry_later) head.fields.add("retry-after", "1");
  if (!synthetic.detail.empty()) {
    policy::CacheStatus status{.outcome = policy::Outcome::Synthetic};
    status.detail = synthetic.detail;
    head.fields.add("cache-status", policy::format(status));
    head.fields.add("proxy-status",
                    '"' + std::string(node) + "\"; error=proxy_internal_response; details=\"" + std::string(synthetic.detail) + '"');
  }
  head.fields.add("via", "1.1 " + std::string(node));
  return head;
}

std::unique_ptr<http::BodySource> text_body(std::string text) {
  if (text.empty()) return nullptr;
  return std::make_unique<TextBody>(std::move(text));
}

}  // namespace node
