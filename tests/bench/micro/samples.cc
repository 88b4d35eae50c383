// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/micro/samples.h"

#include <utility>

#include "edge/node/answer.h"
#include "edge/node/decoded.h"
#include "edge/node/variant.h"
#include "edge/policy/cache_key.h"
#include "edge/policy/storing.h"
#include "tests/support/heads.h"

namespace micro {
namespace {

constexpr std::size_t kTagsInAll = 50'000;

std::string target_of(std::size_t number) { return "/assets/app-" + std::to_string(number) + ".js?v=12"; }

std::string tags_of(std::size_t number, std::size_t tags) {
  std::string text;
  for (std::size_t i = 0; i < tags; ++i) {
    text += "product-" + std::to_string((number * 7919 + i * 104'729) % kTagsInAll) + ' ';
  }
  return text;
}

const base::ChunkRef& shared_body() {
  static const base::ChunkRef body = base::Chunk::copy_of(std::string(kBodyBytes, 'x'));
  return body;
}

}  // namespace

base::Wall present() { return support::at(120); }

http::RequestHead browser_request(std::size_t number) {
  return support::get(target_of(number),
                      {{"user-agent",
                        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                        "Chrome/131.0.0.0 Safari/537.36"},
                       {"accept", "*/*"},
                       {"accept-language", "en-GB,en;q=0.9,de;q=0.8"},
                       {"accept-encoding", "gzip, deflate, br, zstd"},
                       {"referer", "https://www.example.com/"},
                       {"cookie", "session=0123456789abcdef; theme=dark"}});
}

policy::StoredResponse stored_response(std::size_t number, std::size_t tags) {
  http::ResponseHead head =
      support::response(200, {{"content-type", "text/javascript; charset=utf-8"},
                              {"cache-control", "public, max-age=86400"},
                              {"etag", "\"3f2a-" + std::to_string(number) + "\""},
                              {"last-modified", support::date(0)},
                              {"date", support::date(60)},
                              {"vary", "accept-encoding"},
                              {"x-content-type-options", "nosniff"},
                              {"strict-transport-security", "max-age=31536000; includeSubDomains"},
                              {"access-control-allow-origin", "*"}});
  if (tags > 0) head.fields.add("surrogate-key", tags_of(number, tags));
  const policy::CacheKey key = policy::cache_key("www", {}, browser_request(number));
  policy::StoredResponse stored =
      policy::make_stored("www", key, head, {}, support::at(60), support::at(60), 1);
  stored.body_bytes = kBodyBytes;
  return stored;
}

store::ObjectRef object(std::size_t number, std::size_t tags) {
  policy::CacheKey key = policy::cache_key("www", {}, browser_request(number));
  const store::Key hash = node::key_of(key.text);
  auto made = node::make_object(hash, std::move(key.text), number + 1, stored_response(number, tags));
  made->body = shared_body();
  return made;
}

http::ResponseHead answer_head(std::size_t number) {
  const node::Decoded stored(stored_response(number, 0));
  const node::AnswerFacts facts{
      .total = kBodyBytes,
      .status = {.outcome = policy::Outcome::Hit,
                 .ttl = std::chrono::seconds(86'400 - static_cast<int>(number % 1000))},
      .now = present() + std::chrono::seconds(number % 1000)};
  return node::make_answer(browser_request(number), stored.response(), facts).head;
}

}  // namespace micro
