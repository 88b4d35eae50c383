// SPDX-License-Identifier: Apache-2.0
#include "origin/server/origin.h"

#include <array>
#include <utility>
#include <vector>

#include "edge/base/metrics.h"
#include "edge/base/program.h"
#include "origin/server/admin.h"
#include "origin/server/worker.h"

namespace origin {
namespace {

/// `address` with the port that the system chose in place of 0: all loops listen on the same one.
std::string with_port(const std::string& address, std::uint16_t port) {
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

std::vector<http::ListenOptions> listen_options(const Config& config) {
  std::vector<http::ListenOptions> out;
  for (const ListenerConfig& listener : config.listeners) {
    http::ListenOptions options;
    options.address = listener.address;
    if (listener.tls) options.tls = config.tls;
    out.push_back(std::move(options));
  }
  return out;
}

void sample_requests(const Counters& counters, metrics::Samples& samples) {
  constexpr std::array<const char*, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    samples.counter("selvage_origin_responses_total", "Responses by the class of their status",
                    static_cast<double>(counters.by_class[i].load()), {{"class", kClasses[i]}});
  }
  const auto counter = [&](const char* name, const char* help, const std::atomic<std::uint64_t>& value) {
    samples.counter(name, help, static_cast<double>(value.load()));
  };
  counter("selvage_origin_responses_cut_total", "Responses that did not reach their end", counters.cut);
  counter("selvage_origin_body_bytes_total", "Body bytes sent", counters.body_bytes);
  counter("selvage_origin_uploads_total", "Files put in place", counters.uploads);
  counter("selvage_origin_upload_bytes_total", "Bytes of files put in place", counters.upload_bytes);
  counter("selvage_origin_removals_total", "Files removed", counters.removals);
}

void sample_files(const FilePools& files, metrics::Samples& samples) {
  const auto gauge = [&](const char* pool, const FilePool& threads) {
    samples.gauge("selvage_origin_file_work_waiting", "Reads or changes that no file thread has taken up yet",
                  static_cast<double>(threads.waiting()), {{"pool", pool}});
  };
  gauge("reads", files.reads);
  gauge("changes", files.changes);
}

void sample_connections(const http::ServerCounters& counters, std::size_t loop, metrics::Samples& samples) {
  const metrics::Labels labels{{"loop", std::to_string(loop)}};
  samples.counter("selvage_http_connections_total", "Connections accepted",
                  static_cast<double>(counters.accepted), labels);
  samples.gauge("selvage_http_connections_open", "Connections open now", static_cast<double>(counters.open),
                labels);
  samples.counter("selvage_http_bytes_in_total", "Bytes received", static_cast<double>(counters.bytes_in),
                  labels);
  samples.counter("selvage_http_bytes_out_total", "Bytes sent", static_cast<double>(counters.bytes_out),
                  labels);
}

}  // namespace

struct Origin::Impl {
  Impl(loop::Loop& loop, Config running, Root folder)
      : home(loop),
        config(std::move(running)),
        root(std::move(folder)),
        files{FilePool(config.io_threads), FilePool(config.change_threads)} {}

  bool start_workers(ConfigFile& file);
  bool start_admin(ConfigFile& file);
  void add_metrics();

  loop::Loop& home;
  Config config;
  const Root root;
  FilePools files;
  Counters counters;
  std::unique_ptr<logs::LineFile> access_log;
  std::vector<std::unique_ptr<Worker>> workers;
  bool draining = false;
  std::size_t still_draining = 0;
  base::Task on_drained;
  metrics::Exporter exporter;
  std::unique_ptr<AdminMaker> admin_maker;
  std::unique_ptr<http::Server> admin;
  base::Anchor anchor;
};

Origin::Origin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Origin::~Origin() {
  impl_->admin.reset();
  // Handlers go first, then the file threads, which still post to the loops, then the loops.
  for (const std::unique_ptr<Worker>& worker : impl_->workers) worker->end();
  impl_->files.reads.end();
  impl_->files.changes.end();
  impl_->workers.clear();
}

FilePools& Origin::files() { return impl_->files; }

std::unique_ptr<Origin> Origin::start(loop::Loop& home, ConfigFile& file) {
  const Config& config = file.config();
  auto root = Root::open(config.root, config.writable);
  if (!root) {
    file.fault_at_root(root.error().text);
    return nullptr;
  }
  auto impl = std::make_unique<Impl>(home, config, std::move(*root));
  if (!config.access_log.empty()) {
    auto opened = logs::open_lines(config.access_log, 65536);
    if (!opened) {
      file.fault_at_access_log(opened.error().text);
      return nullptr;
    }
    impl->access_log = std::move(*opened);
  }
  auto origin = std::unique_ptr<Origin>(new Origin(std::move(impl)));
  if (!origin->impl_->start_workers(file) || !origin->impl_->start_admin(file)) return nullptr;
  origin->impl_->add_metrics();
  return origin;
}

bool Origin::Impl::start_workers(ConfigFile& file) {
  std::vector<http::ListenOptions> listeners = listen_options(config);
  for (unsigned i = 0; i < config.workers; ++i) {
    workers.push_back(
        std::make_unique<Worker>(i, Worker::Shared{files, root, counters, access_log.get(), config.limits}));
    if (const auto failure = workers.back()->start(config.site, listeners)) {
      file.fault_at_listener(failure->listener, failure->text);
      return false;
    }
    for (std::size_t k = 0; k < listeners.size(); ++k) {
      listeners[k].address = with_port(listeners[k].address, workers.back()->port(k));
    }
  }
  return true;
}

bool Origin::Impl::start_admin(ConfigFile& file) {
  if (config.admin_address.empty()) return true;
  admin_maker = std::make_unique<AdminMaker>([this] { return !draining; }, exporter);
  admin = std::make_unique<http::Server>(home, http::Limits{}, *admin_maker);
  http::ListenOptions options;
  options.address = config.admin_address;
  if (auto listening = admin->listen(options); !listening) {
    file.fault_at_admin(listening.error().text);
    return false;
  }
  return true;
}

void Origin::Impl::add_metrics() {
  exporter.add_source([this](metrics::Samples& samples) {
    sample_requests(counters, samples);
    sample_files(files, samples);
    for (std::size_t i = 0; i < workers.size(); ++i) sample_connections(workers[i]->counters(), i, samples);
  });
}

std::uint16_t Origin::port(std::size_t listener) const { return impl_->workers.front()->port(listener); }

std::uint16_t Origin::admin_port() const { return impl_->admin ? impl_->admin->port(0) : std::uint16_t{0}; }

base::Status Origin::write_ready_file(const std::string& path) const {
  std::vector<base::BoundListener> bound;
  for (std::size_t i = 0; i < impl_->config.listeners.size(); ++i) {
    const ListenerConfig& listener = impl_->config.listeners[i];
    bound.push_back({listener.tls ? "https" : "http", with_port(listener.address, port(i))});
  }
  const std::string admin =
      impl_->admin ? with_port(impl_->config.admin_address, admin_port()) : std::string();
  return base::write_ready_file(path, bound, admin);
}

base::Status Origin::reload(const Config& config) {
  const Config& now = impl_->config;
  const auto fixed = [](const char* what) {
    return base::fail(
        base::Errc::Invalid,
        std::string(what) + " can only be changed by a restart; the running configuration stays in force");
  };
  if (config.listeners != now.listeners) return fixed("[[listener]]");
  if (config.root != now.root) return fixed("content.root");
  if (config.admin_address != now.admin_address) return fixed("admin.address");
  if (config.workers != now.workers || config.io_threads != now.io_threads ||
      config.change_threads != now.change_threads)
    return fixed("the number of threads");
  if (config.access_log != now.access_log) return fixed("log.access");
  if (config.writable && !now.writable) return fixed("whether there are tokens at all");
  impl_->config = config;
  for (const std::unique_ptr<Worker>& worker : impl_->workers) {
    worker->set_site(config.site);
    worker->set_limits(config.limits);
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
      if (config.listeners[i].tls) worker->set_tls(i, config.tls);
    }
  }
  return {};
}

void Origin::drain(base::Task done) {
  if (std::exchange(impl_->draining, true)) return;
  impl_->on_drained = std::move(done);
  impl_->still_draining = impl_->workers.size();
  for (const std::unique_ptr<Worker>& worker : impl_->workers) {
    auto one_less = impl_->anchor.wrap([impl = impl_.get()] {
      if (--impl->still_draining == 0) impl->on_drained();
    });
    worker->drain(impl_->config.drain_limit, [&home = impl_->home, one_less = std::move(one_less)]() mutable {
      home.post(std::move(one_less));
    });
  }
}

void Origin::reopen_logs() {
  if (!impl_->access_log) return;
  if (auto opened = impl_->access_log->reopen(); !opened) {
    logs::error("the access log could not be opened again", {{"reason", opened.error().text}});
  }
}

}  // namespace origin
