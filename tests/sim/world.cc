// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "edge/base/hash.h"
#include "edge/base/text.h"
#include "edge/node/sweeper.h"
#include "tests/support/no_ledger_store.h"

namespace sim {

using namespace std::chrono_literals;

namespace {
constexpr unsigned kPaths = 8;
constexpr std::uint64_t kMemoryBytes = 512 * 1024;

}  // namespace

/// What dies in a crash.
struct World::Edge {
  Edge(World& world)
      : disk(world.platter_, world.random_, &node::decode_object, world.weather_.disk),
        admission(disk, {.remembered_bytes = kMemoryBytes}),
        memory({.budget_bytes = kMemoryBytes, .shards = 4}),
        marks(100),
        variants(100),
        pauses(100),
        groups(world.clock_.wall()),
        control(world.clock_),
        shared{.memory = memory,
               .disk = disk,
               .admission = admission,
               .fetches = fetches,
               .pass_marks = marks,
               .variants = variants,
               .retry_pauses = pauses,
               .ledger = world.ledger_,
               .groups = groups,
               .fill_bytes = fill_bytes,
               .distrust = [] { return false; }} {
    for (int i = 0; i < 2; ++i) loops.push_back(std::make_unique<Loop>(world, shared));
    disk.on_removed([this](const store::Key& key, store::ObjectId id) { memory.erase_parted(key, id); });
    sweeper = std::make_unique<node::Sweeper>(
        control, shared, world.ledger_, ledger_store,
        [this](auto answer) {
          control.post([this, answer = std::move(answer)]() mutable {
            purge::Stamp oldest = node::Sweeper::kNone;
            for (const auto& loop : loops) oldest = std::min(oldest, loop->fills.oldest_stamp());
            answer(oldest);
          });
        },
        node::Sweeper::Options{.interval = world.weather_.sweep});
    sweeper->start();
  }

  struct Loop {
    Loop(World& world, node::Shared& shared)
        : executor(world.clock_),
          client(world.origin_, executor, world.random_),
          context{shared, executor, client, fills, counters, world.config_},
          fills(context),
          maker(context) {}
    support::ManualExecutor executor;
    SimClient client;
    node::LoopCounters counters{};
    node::Context context;
    node::Fills fills;
    node::RequestMaker maker;
  };

  SimDisk disk;
  store::Admission admission;
  store::MemoryTier memory;
  std::atomic<std::uint64_t> fill_bytes{0};
  fetch::FetchTable fetches{};
  fetch::PassMarks marks;
  node::VariantLists variants;
  fetch::PassMarks pauses;
  node::GroupClock groups;

  support::ManualExecutor control;
  node::Shared shared;
  std::vector<std::unique_ptr<Loop>> loops{};
  support::NoLedgerStore ledger_store{};  ///< the ledger outlives crashes by itself
  std::unique_ptr<node::Sweeper> sweeper{};
};

World::World(std::uint64_t seed, const Weather& weather)
    : weather_(weather),
      random_(seed),
      config_(std::make_shared<node::Config>()),
      // With every second seed it is so small that its floor rises all the time.
      ledger_([](std::string_view, std::string_view url) { return policy::normal_url({}, url); },
              {.entries = seed % 2 == 0 ? 4U : 1'000'000U, .wildcards = 3, .variants = 2}) {
  auto origin = std::make_shared<node::Origin>();
  origin->url = "http://origin.test";
  origin->server = std::make_shared<http::ServerOptions>();
  auto site = std::make_shared<node::Site>();
  site->name = "s";
  site->hosts = {"a.test"};
  site->origin = origin;
  config_->sites.add("a.test", site);
  config_->node = "edge";
  config_->fetch.fill_window_bytes = 128 * 1024;
  config_->fetch.fill_total_bytes = 256 * 1024;
  config_->whole_bytes = seed % 3 == 0 ? 0 : kMemoryBytes / 4;
  config_->fetch.pass_window_bytes = 64 * 1024;
  config_->fetch.finish_bytes = 100'000;
  origin_.faults = weather.origin;
  for (unsigned i = 0; i < kPaths; ++i) {
    Content content;
    content.bytes = i == 0 ? 0 : random_.below(i % 2 == 0 ? 3'000 : 400'000);
    content.tags = "all t" + std::to_string(i);
    content.varies = i == 2;
    content.known_length = i != 3;
    if (i == 4) content.cache_control = "max-age=1, stale-while-revalidate=5, stale-if-error=30";
    if (i == 5 && weather.uncacheable) content.cache_control = "no-store";
    if (i >= 6 && weather.uncacheable) {
      content.personal = true;
      content.cache_control = i == 6 ? "no-cache" : "";
    }
    const std::string path = "/p" + std::to_string(i);
    origin_.contents[path] = content;
    sizes_[{path, content.version}] = content.bytes;
  }
  edge_ = std::make_unique<Edge>(*this);
}

World::~World() { visits_.clear(); }

void World::note(std::string_view what) { trace_ = base::hash64(what, trace_); }

void World::complain(std::string text) { complaints_.push_back(std::move(text)); }

void World::play() {
  for (unsigned i = 0; i < weather_.operations && complaints_.empty(); ++i) {
    operate();
    run_some(static_cast<unsigned>(random_.below(60)));
    check_ended();
  }
  settle();
  check_ended();
  check_rest();
}

void World::operate() {
  const std::uint64_t what = random_.below(100);
  if (what < 70) return visit();
  if (what < 78) return upload();
  if (what < 88 && weather_.purges) return purge();
  if (what < 95 && weather_.departures) return leave_one();
  if (what == 99 && weather_.crashes) return crash();
  clock_.advance(std::chrono::milliseconds(random_.below(1500)));
}

std::string World::random_path() { return "/p" + std::to_string(random_.below(kPaths)); }

void World::visit() {
  http::RequestHead head;
  head.method = random_.one_in(10) ? "HEAD" : "GET";
  head.scheme = "https";
  head.authority = "a.test";
  head.target = random_path();
  head.fields.add("accept-encoding", random_.one_in(2) ? "gzip" : "br");
  head.fields.add("cookie", random_.one_in(2) ? "alice" : "bob");
  auto& loop = *edge_->loops[random_.below(edge_->loops.size())];
  auto visit = std::make_unique<Visit>(loop.executor, random_, head);
  const std::string chosen(*head.fields.get("accept-encoding"));
  visit->version_min = std::max(purged_to_[head.target], purged_variant_[{head.target, chosen}]);
  visit->slow = random_.one_in(8);
  note("visit " + head.method + head.target);
  visit->begin(loop.maker);
  visits_.push_back(std::move(visit));
}

void World::upload() {
  const std::string path = random_path();
  Content& content = origin_.contents[path];
  ++content.version;
  if (content.bytes > 0) content.bytes = 1 + random_.below(content.bytes > 4'000 ? 400'000 : 3'000);
  sizes_[{path, content.version}] = content.bytes;
  note("upload " + path);
}

// What it names: all paths, one, or one variant of one.
void World::purge() {
  const std::string path = random_path();
  const std::string coding = random_.one_in(2) ? "gzip" : "br";
  purge::Purge purge{.site = "s", .soft = random_.one_in(4)};
  const auto names = [&purge](purge::Kind kind, std::string name) {
    purge.kind = kind;
    purge.names = {std::move(name)};
  };
  bool all = false;
  switch (random_.below(14)) {
    case 0: names(purge::Kind::Hosts, "a.test"); break;
    case 1: names(purge::Kind::Prefixes, "a.test"); break;
    case 2: names(purge::Kind::Wildcards, "a.test/*"); break;
    case 3: purge.kind = purge::Kind::Everything; break;
    case 4: names(purge::Kind::Tags, random_.one_in(2) ? "all" : "status=200"); break;
    case 5:
      names(purge::Kind::Tags, "ALL");
      purge.ignore_case = true;
      break;
    case 6: names(purge::Kind::Prefixes, "a.test" + path); break;
    case 7: names(purge::Kind::Wildcards, "a.test/*" + path.substr(2)); break;
    case 8:
    case 9:
      names(purge::Kind::Variants, "https://a.test" + path);
      purge.headers = {{{"accept-encoding", coding}}};
      break;
    case 10:
    case 11: names(purge::Kind::Tags, "t" + path.substr(2)); break;
    default: names(purge::Kind::Urls, "https://a.test" + path); break;
  }
  all = purge.kind == purge::Kind::Everything || purge.kind == purge::Kind::Hosts ||
        purge.names == std::vector<std::string>{"a.test"} ||
        purge.names == std::vector<std::string>{"a.test/*"} ||
        purge.names == std::vector<std::string>{"all"} ||
        purge.names == std::vector<std::string>{"status=200"} || purge.ignore_case;
  ledger_.apply(++sequence_, purge);
  note("purge " + purge::to_json(purge));
  if (purge.soft) return;
  for (const auto& [name, content] : origin_.contents) {
    if (purge.kind == purge::Kind::Variants && name == path && content.varies) {
      purged_variant_[{name, coding}] = content.version;
    } else if (all || name == path) {
      purged_to_[name] = content.version;
    }
  }
}

void World::leave_one() {
  if (visits_.empty()) return;
  Visit& visit = *visits_[random_.below(visits_.size())];
  visit.left = true;
  visit.leave();
}

// The process is gone: clients see broken connections, the platter keeps what was committed.
void World::crash() {
  note("crash");
  visits_.clear();
  swept_ += edge_->sweeper->counts().dropped;
  edge_.reset();
  for (const auto& [key, stored] : std::exchange(platter_.erased, {})) {
    if (random_.one_in(2)) platter_.objects.try_emplace(key, stored);
  }
  std::set<store::ObjectId> known;
  for (const auto& [key, stored] : platter_.objects) known.insert(stored.id);
  std::erase_if(platter_.chunks, [&](const auto& entry) { return !known.contains(entry.first.first); });
  edge_ = std::make_unique<Edge>(*this);
}

// One task of one loop, chosen by chance.
bool World::step() {
  if (random_.one_in(3) && edge_->control.run_one()) return true;
  const std::size_t first = random_.below(edge_->loops.size());
  for (std::size_t i = 0; i < edge_->loops.size(); ++i) {
    if (edge_->loops[(first + i) % edge_->loops.size()]->executor.run_one()) return true;
  }
  return false;
}

void World::run_some(unsigned steps) {
  for (unsigned i = 0; i < steps; ++i) {
    if (step()) continue;
    clock_.advance(std::chrono::microseconds(200 + random_.below(800)));
    for (auto& loop : edge_->loops) loop->executor.run_due();
    edge_->control.run_due();
  }
}

void World::settle() {
  for (int rounds = 0; rounds < 20'000; ++rounds) {
    run_some(50);
    const bool over = std::ranges::all_of(visits_, [](const auto& visit) { return visit->over(); });
    const bool quiet = std::ranges::all_of(edge_->loops, [](const auto& loop) {
      return loop->executor.idle() && loop->executor.timers() == 0 && loop->fills.size() == 0;
    });
    if (over && quiet && edge_->control.idle()) return;
  }
}

void World::check_ended() {
  std::erase_if(visits_, [this](const std::unique_ptr<Visit>& visit) {
    if (!visit->over()) return false;
    judge(*visit);
    return true;
  });
}

bool World::faultless() const {
  const SimOrigin::Faults& origin = weather_.origin;
  const SimDisk::Faults& disk = weather_.disk;
  return origin.refuse_one_in + origin.break_one_in + origin.error_one_in + disk.read_one_in +
             disk.write_one_in + disk.evict_one_in + disk.full_one_in ==
         0;
}

void World::judge(const Visit& visit) {
  ++answered_;
  const std::string& path = visit.request().target;
  if (!visit.response()) {
    if (faultless() && !visit.left) complain(path + ": no answer, though nothing has failed");
    return note("none");
  }
  const http::ResponseHead& head = *visit.response();
  note(path + " " + std::to_string(head.status) + (visit.complete() ? " whole " : " cut ") +
       std::to_string(visit.body().size()));
  if (faultless() && !visit.left && (head.status != 200 || !visit.complete())) {
    complain(path + ": status " + std::to_string(head.status) + ", cut after " +
             std::to_string(visit.body().size()) + " bytes, though nothing has failed");
  }
  if (head.status != 200) {
    const bool allowed = head.status == 502 || head.status == 503 || head.status == 504;
    if (!allowed) complain(path + ": status " + std::to_string(head.status));
    return;
  }
  const auto version = base::decimal(head.fields.get("x-version").value_or("")).value_or(0);
  if (version < visit.version_min) {
    complain(path + ": version " + std::to_string(version) + " although " +
             std::to_string(visit.version_min) + " was there when it was purged, before the request began");
  }
  const std::string encoding(head.fields.get("x-encoding").value_or(""));
  if (origin_.contents[path].varies && encoding != visit.request().fields.get("accept-encoding")) {
    complain(path + ": variant \"" + encoding + "\" for another client");
  }
  if (origin_.contents[path].personal && encoding != visit.request().fields.get("cookie")) {
    complain(path + ": the page of " + encoding + " for another client");
  }
  if (visit.request().method == "HEAD") return;
  const std::string whole = body_of(path + encoding, static_cast<unsigned>(version), visit.body().size());
  if (visit.body() != whole) complain(path + ": bytes are not those of version " + std::to_string(version));
  const std::uint64_t size = sizes_[{path, static_cast<unsigned>(version)}];
  if (visit.complete() && visit.body().size() != size) {
    complain(path + ": looks whole with " + std::to_string(visit.body().size()) + " bytes of " +
             std::to_string(size));
  }
}

void World::check_rest() {
  swept_ += edge_->sweeper->counts().dropped;
  if (!visits_.empty()) complain(std::to_string(visits_.size()) + " requests never ended");
  if (edge_->fetches.size() != 0)
    complain(std::to_string(edge_->fetches.size()) + " fetches stay in the table");
  for (const auto& loop : edge_->loops) {
    if (loop->fills.size() != 0) complain("a fill never ended");
  }
  if (edge_->fill_bytes.load() != 0)
    complain(std::to_string(edge_->fill_bytes.load()) + " bytes of fills not returned");
  if (edge_->memory.use().bytes > kMemoryBytes) complain("the memory tier is over its budget");
  if (edge_->disk.pins() != 0) complain(std::to_string(edge_->disk.pins()) + " pins are left");
}

}  // namespace sim
