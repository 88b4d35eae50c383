// SPDX-License-Identifier: Apache-2.0
#include "purge/nats/link.h"

#include <nats/nats.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <random>
#include <unordered_map>

#include "edge/base/text.h"

namespace nats {
namespace {

using base::Errc;
using std::chrono::milliseconds;

constexpr std::int64_t kPingEvery = 3'000;  // ms
constexpr int kPingsOut = 2;
constexpr int kPendingMessages = 1 << 18;
constexpr int kPendingBytes = 256 << 20;

std::unexpected<base::Error> fail_nats(std::string what, natsStatus status) {
  Errc code = Errc::Unavailable;
  if (status == NATS_MAX_PAYLOAD) code = Errc::Invalid;
  if (status == NATS_TIMEOUT) code = Errc::Timeout;
  return base::fail(code, std::move(what) + ": " + natsStatus_GetText(status));
}

natsConnection* connection_of(void* pointer) { return static_cast<natsConnection*>(pointer); }

using OptionsPtr = std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)>;
using MessagePtr = std::unique_ptr<natsMsg, decltype(&natsMsg_Destroy)>;

}  // namespace

// The library's threads call back for a while after a connection's end: they know it by a number, under which
// the link is found as long as it lives.
struct Arrivals {
  struct Inlet {
    base::Executor* home = nullptr;
    std::shared_ptr<Link*> link{};  ///< what it points to is the home thread's
  };
  static Arrivals& all() {
    // Never destroyed: the library's threads may outlive main().
    static Arrivals& arrivals = *new Arrivals;
    return arrivals;
  }
  std::uint64_t add(Link& link) {
    const std::scoped_lock lock(mutex);
    inlets[++last] = {.home = &link.home_, .link = std::make_shared<Link*>(&link)};
    return last;
  }
  void remove(std::uint64_t number) {
    const std::scoped_lock lock(mutex);
    const auto found = inlets.find(number);
    if (found == inlets.end()) return;
    *found->second.link = nullptr;
    inlets.erase(found);
  }
  template <typename F>
  void post(void* number, F call) {
    const std::scoped_lock lock(mutex);
    const auto found = inlets.find(reinterpret_cast<std::uintptr_t>(number));
    if (found == inlets.end()) return;
    found->second.home->post([link = found->second.link, call = std::move(call)]() mutable {
      if (*link != nullptr) call(**link);
    });
  }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* number) {
    const MessagePtr message(raw, &natsMsg_Destroy);
    Message got{
        .subject = natsMsg_GetSubject(raw),
        .payload = std::string(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)))};
    const char* text = nullptr;
    if (natsMsgHeader_Get(raw, "Nats-Sequence", &text) == NATS_OK && text != nullptr) {
      got.sequence = base::decimal(text).value_or(0);
    }
    all().post(number, [got = std::move(got), nobody = natsMsg_IsNoResponders(raw)](Link& link) mutable {
      link.arrived(std::move(got), nobody);
    });
  }
  static void on_closed(natsConnection* connection, void* number) {
    const char* text = nullptr;
    natsConnection_GetLastError(connection, &text);
    std::string reason = text != nullptr && *text != '\0' ? text : "the server closed the connection";
    all().post(number, [reason = std::move(reason)](Link& link) { link.lost(reason); });
  }

  std::mutex mutex;
  std::unordered_map<std::uint64_t, Inlet> inlets;
  std::uint64_t last = 0;
};

namespace {

// Stops at the first that fails.
class Setter {
 public:
  template <typename F, typename... A>
  Setter& set(F function, A... arguments) {
    if (status == NATS_OK) status = function(arguments...);
    return *this;
  }
  natsStatus status = NATS_OK;
};

base::Result<OptionsPtr> options_of(const Access& access, const std::string& name, void* number) {
  natsOptions* raw = nullptr;
  if (const natsStatus made = natsOptions_Create(&raw); made != NATS_OK) return fail_nats("NATS", made);
  OptionsPtr options(raw, &natsOptions_Destroy);
  std::vector<const char*> servers;
  for (const std::string& server : access.servers) servers.push_back(server.c_str());
  Setter setter;
  setter.set(&natsOptions_SetServers, raw, servers.data(), static_cast<int>(servers.size()))
      .set(&natsOptions_SetName, raw, name.c_str())
      .set(&natsOptions_SetTimeout, raw, static_cast<std::int64_t>(access.timeout.count()))
      .set(&natsOptions_SetAllowReconnect, raw, false)
      .set(&natsOptions_SetNoEcho, raw, true)
      .set(&natsOptions_SetSendAsap, raw, true)
      .set(&natsOptions_SetWriteDeadline, raw, static_cast<std::int64_t>(access.timeout.count()))
      .set(&natsOptions_SetPingInterval, raw, kPingEvery)
      .set(&natsOptions_SetMaxPingsOut, raw, kPingsOut)
      .set(&natsOptions_SetClosedCB, raw, &Arrivals::on_closed, number);
  if (!access.user.empty())
    setter.set(&natsOptions_SetUserInfo, raw, access.user.c_str(), access.password.c_str());
  if (!access.token.empty()) setter.set(&natsOptions_SetToken, raw, access.token.c_str());
  if (!access.credentials_file.empty()) {
    setter.set(&natsOptions_SetUserCredentialsFromFiles, raw, access.credentials_file.c_str(),
               static_cast<const char*>(nullptr));
  }
  const bool tls = std::ranges::any_of(
      access.servers, [](const std::string& server) { return server.starts_with("tls://"); });
  if (tls || access.tls || !access.ca_file.empty()) setter.set(&natsOptions_SetSecure, raw, true);
  if (!access.ca_file.empty())
    setter.set(&natsOptions_LoadCATrustedCertificates, raw, access.ca_file.c_str());
  if (!access.certificate_file.empty()) {
    setter.set(&natsOptions_LoadCertificatesChain, raw, access.certificate_file.c_str(),
               access.key_file.c_str());
  }
  if (setter.status != NATS_OK) return fail_nats("NATS settings", setter.status);
  return options;
}

}  // namespace

Link::Link(base::Executor& home, Access access, std::string name, Listener& listener)
    : home_(home),
      access_(std::move(access)),
      name_(std::move(name)),
      listener_(listener),
      random_(std::random_device{}()),
      timer_(home) {}

Link::~Link() { close(); }

base::Status Link::connect() {
  close();
  arrivals_ = Arrivals::all().add(*this);
  void* const number = reinterpret_cast<void*>(static_cast<std::uintptr_t>(arrivals_));
  const auto options = options_of(access_, name_, number);
  if (!options) return std::unexpected(options.error());
  natsConnection* connection = nullptr;
  if (const natsStatus status = natsConnection_Connect(&connection, options->get()); status != NATS_OK) {
    return fail_nats("cannot connect to NATS", status);
  }
  connection_ = connection;
  inbox_ = "_INBOX." + std::to_string(random_.below(~std::uint64_t{0})) + ".";
  if (auto subscribed = subscribe(inbox_ + "*"); !subscribed) {
    close();
    return subscribed;
  }
  return {};
}

void Link::close() {
  if (arrivals_ != 0) Arrivals::all().remove(std::exchange(arrivals_, 0));
  // The library's reader may be at a message for a subscription while that is destroyed, and use it after its
  // end (nats.c issue 637; mended after Debian 12's 3.4): it ends first.
  if (connection_ != nullptr) natsConnection_Close(connection_of(connection_));
  for (void* subscription : std::exchange(subscriptions_, {})) {
    natsSubscription_Destroy(static_cast<natsSubscription*>(subscription));
  }
  if (connection_ != nullptr) natsConnection_Destroy(connection_of(std::exchange(connection_, nullptr)));
  timer_.stop();
  fail_all("the connection was closed");
}

base::Status Link::subscribe(const std::string& subject) {
  if (!connected()) return base::fail(Errc::Unavailable, "there is no connection to NATS");
  natsSubscription* subscription = nullptr;
  void* const number = reinterpret_cast<void*>(static_cast<std::uintptr_t>(arrivals_));
  const natsStatus status = natsConnection_Subscribe(&subscription, connection_of(connection_),
                                                     subject.c_str(), &Arrivals::on_message, number);
  if (status != NATS_OK) return fail_nats("cannot subscribe to '" + subject + "'", status);
  subscriptions_.push_back(subscription);
  natsSubscription_SetPendingLimits(subscription, kPendingMessages, kPendingBytes);
  return {};
}

base::Status Link::publish(const std::string& subject, std::string_view payload, const std::string& reply,
                           const std::vector<Header>& headers) {
  if (!connected()) return base::fail(Errc::Unavailable, "there is no connection to NATS");
  natsMsg* raw = nullptr;
  natsStatus status = natsMsg_Create(&raw, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                                     payload.data(), static_cast<int>(payload.size()));
  const MessagePtr message(raw, &natsMsg_Destroy);
  for (const auto& [name, value] : headers) {
    if (status == NATS_OK) status = natsMsgHeader_Set(raw, name.c_str(), value.c_str());
  }
  if (status == NATS_OK) status = natsConnection_PublishMsg(connection_of(connection_), raw);
  if (status != NATS_OK) return fail_nats("cannot publish to '" + subject + "'", status);
  return {};
}

void Link::request(const std::string& subject, std::string_view payload, Answer answer,
                   const std::vector<Header>& headers) {
  const std::uint64_t id = ++last_request_;
  const auto published = publish(subject, payload, inbox_ + std::to_string(id), headers);
  if (!published) {
    home_.post([answer = std::move(answer), error = published.error()]() mutable {
      answer(std::unexpected(std::move(error)));
    });
    return;
  }
  const base::Steady deadline = home_.clock().steady() + access_.timeout;
  asked_[id] = {.answer = std::move(answer), .deadline = deadline};
  deadlines_.emplace(deadline, id);
  if (!timer_.running()) timer_.start(access_.timeout, [this] { look_for_late(); });
}

void Link::arrived(Message message, bool nobody_there) {
  if (!message.subject.starts_with(inbox_)) return listener_.on_message(std::move(message));
  const auto id = base::decimal(std::string_view(message.subject).substr(inbox_.size()));
  auto found = id ? asked_.extract(*id) : decltype(asked_)::node_type();
  if (found.empty()) return;
  deadlines_.erase({found.mapped().deadline, found.key()});
  if (nobody_there) {
    return found.mapped().answer(base::fail(Errc::Unavailable, "no JetStream server answers"));
  }
  found.mapped().answer(std::move(message));
}

void Link::look_for_late() {
  const base::Steady now = home_.clock().steady();
  std::vector<Answer> late;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    late.push_back(std::move(asked_.extract(deadlines_.begin()->second).mapped().answer));
    deadlines_.erase(deadlines_.begin());
  }
  if (!deadlines_.empty()) {
    timer_.start(deadlines_.begin()->first - now, [this] { look_for_late(); });
  }
  for (Answer& answer : late) answer(base::fail(Errc::Timeout, "NATS did not answer in time"));
}

// In posts of their own: whoever is answered may close or end the link.
void Link::fail_all(const std::string& reason) {
  deadlines_.clear();
  for (auto& [id, asked] : std::exchange(asked_, {})) {
    home_.post([answer = std::move(asked.answer), reason]() mutable {
      answer(base::fail(Errc::Unavailable, "NATS: " + reason));
    });
  }
}

void Link::lost(const std::string& reason) {
  close();
  listener_.on_lost(reason);
}

}  // namespace nats
