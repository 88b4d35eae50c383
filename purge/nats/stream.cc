// SPDX-License-Identifier: Apache-2.0
#include "purge/nats/stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "edge/base/hash.h"
#include "edge/base/text.h"

namespace nats {
namespace {

using base::Errc;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kNameInUse = 10058;  // with another configuration
constexpr int kNoMessage = 10037;
constexpr int kNoStream = 10059;
constexpr std::size_t kNameMax = 32;

std::uint64_t number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What the JetStream API answers when it refuses.
struct Fault {
  int code = 0;
  std::string text{};
};
std::optional<Fault> fault_of(const json& answer) {
  const auto error = answer.find("error");
  if (error == answer.end() || !error->is_object()) return {};
  return Fault{static_cast<int>(number_at(*error, "err_code")), text_at(*error, "description")};
}

std::unexpected<base::Error> refused(const Fault& fault) {
  const bool nothing = fault.code == kNoMessage || fault.code == kNoStream;
  return base::fail(nothing ? Errc::NotFound : Errc::Unavailable,
                    "JetStream: " + fault.text + " (" + std::to_string(fault.code) + ")");
}

std::int64_t nanoseconds(milliseconds time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

base::Result<Place> place_of(const json& answer, const std::string& name) {
  const auto state = answer.find("state");
  const std::string created = text_at(answer, "created");
  if (state == answer.end() || !state->is_object() || created.empty()) {
    return base::fail(Errc::Protocol, "JetStream's answer about the stream is not understood");
  }
  const base::Hash128 id = base::hash128(name + ' ' + created);
  std::string bytes(reinterpret_cast<const char*>(&id.high), sizeof id.high);
  bytes.append(reinterpret_cast<const char*>(&id.low), sizeof id.low);
  Place place{.log_id = "nats-" + base::hex(bytes),
              .oldest = number_at(*state, "first_seq"),
              .head = number_at(*state, "last_seq"),
              .last_at = text_at(*state, "last_ts")};
  if (number_at(*state, "messages") == 0) place.oldest = place.head + 1;
  return place;
}

}  // namespace

bool is_stream_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return !name.empty() && name.size() <= kNameMax &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

Stream::Stream(Link& link, const std::string& name)
    : link_(link),
      name_(name),
      api_("$JS." + (link.access().domain.empty() ? std::string() : link.access().domain + ".") + "API."),
      subjects_(name) {}

void Stream::ask(const std::string& what, const std::string& payload, Answer<std::string> answer) {
  link_.request(api_ + what, payload,
                anchor_.wrap([answer = std::move(answer)](base::Result<Message> got) mutable {
                  if (!got) return answer(std::unexpected(got.error()));
                  answer(std::move(got->payload));
                }));
}

void Stream::configure(std::string config, const std::string& name, bool update, Done done) {
  const std::string what = std::string(update ? "STREAM.UPDATE." : "STREAM.CREATE.") + name;
  ask(what, config,
      [this, config, name, update, done = std::move(done)](base::Result<std::string> got) mutable {
        if (!got) return done(std::unexpected(got.error()));
        const json answer = json::parse(*got, nullptr, false);
        if (!answer.is_object()) {
          return done(base::fail(Errc::Protocol, "JetStream's answer is not understood"));
        }
        const auto fault = fault_of(answer);
        if (!fault) return done({});
        if (fault->code == kNameInUse && !update) {
          return configure(std::move(config), name, true, std::move(done));
        }
        done(base::fail(Errc::Unavailable,
                        "stream '" + name + "': " + fault->text + " (" + std::to_string(fault->code) + ")"));
      });
}

void Stream::make(const StreamSettings& settings, Done done) {
  const json purges = {{"name", settings.name},
                       {"subjects", {subjects_.purges}},
                       {"retention", "limits"},
                       {"discard", "old"},
                       {"storage", "file"},
                       {"num_replicas", settings.replicas},
                       {"max_consumers", -1},
                       {"max_msgs", settings.entries_max},
                       {"max_bytes", settings.bytes_max},
                       {"max_age", nanoseconds(settings.age_max)},
                       {"max_msgs_per_subject", -1},
                       {"max_msg_size", -1},
                       {"duplicate_window", nanoseconds(settings.duplicate_window)},
                       {"deny_delete", true},
                       {"deny_purge", true},
                       {"republish", {{"src", subjects_.purges}, {"dest", subjects_.log}}}};
  const std::string nodes_name = settings.name + "_NODES";
  const json nodes = {{"name", nodes_name},    {"subjects", {subjects_.nodes + "*"}},
                      {"retention", "limits"}, {"discard", "old"},
                      {"storage", "file"},     {"num_replicas", settings.replicas},
                      {"max_consumers", -1},   {"max_msgs", -1},
                      {"max_bytes", -1},       {"max_msgs_per_subject", 1},
                      {"max_msg_size", -1}};
  configure(purges.dump(), settings.name, false,
            [this, nodes = nodes.dump(), nodes_name, done = std::move(done)](base::Status made) mutable {
              if (!made) return done(made);
              configure(std::move(nodes), nodes_name, false, std::move(done));
            });
}

void Stream::ask_place(Answer<Place> answer) {
  ask("STREAM.INFO." + name_, "",
      [name = name_, answer = std::move(answer)](base::Result<std::string> got) mutable {
        if (!got) return answer(std::unexpected(got.error()));
        const json info = json::parse(*got, nullptr, false);
        if (!info.is_object()) {
          return answer(base::fail(Errc::Protocol, "JetStream's answer is not understood"));
        }
        if (const auto fault = fault_of(info)) return answer(refused(*fault));
        answer(place_of(info, name));
      });
}

void Stream::publish(std::string_view payload, const std::string& id, Answer<Stored> answer) {
  std::vector<Header> headers;
  if (!id.empty()) headers.emplace_back("Nats-Msg-Id", id);
  // Another stream that took this subject would answer too; only this one's word counts.
  headers.emplace_back("Nats-Expected-Stream", name_);
  link_.request(
      subjects_.purges, payload,
      anchor_.wrap([name = name_, answer = std::move(answer)](base::Result<Message> got) mutable {
        if (!got) return answer(std::unexpected(got.error()));
        const json ack = json::parse(got->payload, nullptr, false);
        if (!ack.is_object()) {
          return answer(base::fail(Errc::Protocol, "JetStream's answer is not understood"));
        }
        if (const auto fault = fault_of(ack)) return answer(refused(*fault));
        const Stored stored{.sequence = number_at(ack, "seq"),
                            .duplicate = ack.value("duplicate", json(false)) == json(true)};
        if (stored.sequence == 0 || text_at(ack, "stream") != name) {
          return answer(base::fail(Errc::Protocol, "JetStream's acknowledgement is not understood"));
        }
        answer(stored);
      }),
      headers);
}

void Stream::get(std::uint64_t sequence, Answer<std::string> answer) {
  ask("STREAM.MSG.GET." + name_, json{{"seq", sequence}}.dump(),
      [answer = std::move(answer)](base::Result<std::string> got) mutable {
        if (!got) return answer(std::unexpected(got.error()));
        const json found = json::parse(*got, nullptr, false);
        if (!found.is_object()) {
          return answer(base::fail(Errc::Protocol, "JetStream's answer is not understood"));
        }
        if (const auto fault = fault_of(found)) return answer(refused(*fault));
        const auto message = found.find("message");
        if (message == found.end() || !message->is_object()) {
          return answer(base::fail(Errc::Protocol, "JetStream's answer is not understood"));
        }
        answer(from_base64(text_at(*message, "data")));
      });
}

// A dot would part the subject.
base::Status Stream::put_node(const std::string& name, std::string_view payload) {
  return link_.publish(subjects_.nodes + base::hex(name), payload);
}

void Stream::all_nodes(Answer<std::vector<std::string>> answer) { next_node(1, {}, std::move(answer)); }

void Stream::next_node(std::uint64_t from, std::vector<std::string> found,
                       Answer<std::vector<std::string>> answer) {
  ask("STREAM.MSG.GET." + name_ + "_NODES",
      json{{"seq", from}, {"next_by_subj", subjects_.nodes + "*"}}.dump(),
      [this, found = std::move(found), answer = std::move(answer)](base::Result<std::string> got) mutable {
        if (!got) return answer(std::unexpected(got.error()));
        const json next = json::parse(*got, nullptr, false);
        if (const auto fault = next.is_object() ? fault_of(next) : Fault{.text = "not understood"}) {
          if (fault->code != kNoMessage) return answer(refused(*fault));
          return answer(std::move(found));
        }
        const json& message = next["message"];
        found.push_back(from_base64(text_at(message, "data")));
        next_node(number_at(message, "seq") + 1, std::move(found), std::move(answer));
      });
}

}  // namespace nats
