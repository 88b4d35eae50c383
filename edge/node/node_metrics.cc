// SPDX-License-Identifier: Apache-2.0
// The edge's metrics, gathered when asked: what loops count, what the tiers hold, how far the purge log is applied.
#include <array>

#include "edge/base/buffer_pool.h"
#include "edge/node/node.h"

namespace node {
namespace {

using metrics::Samples;

double number(std::uint64_t value) { return static_cast<double>(value); }

void histogram(Samples& samples, const std::string& name, const std::string& help, const TimeCounts& times,
               const metrics::Labels& labels) {
  const auto counts = times.counts();
  samples.histogram(name, help, {kTimeBounds.begin(), kTimeBounds.end()}, {counts.begin(), counts.end()},
                    times.sum_seconds(), labels);
}

void collect_requests(Samples& samples, const LoopCounters& c, const metrics::Labels& loop) {
  for (std::size_t i = 0; i < c.requests.size(); ++i) {
    metrics::Labels labels = loop;
    labels["outcome"] = policy::name_of(static_cast<policy::Outcome>(i));
    samples.counter("selvage_requests_total", "Requests answered, by what the cache did.", number(c.requests[i].get()),
                    labels);
  }
  static constexpr std::array kClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < c.statuses.size(); ++i) {
    metrics::Labels labels = loop;
    labels["class"] = kClasses[i];
    samples.counter("selvage_responses_total", "Responses by class of status.", number(c.statuses[i].get()), labels);
  }
  samples.counter("selvage_body_bytes_total", "Response body bytes sent.", number(c.body_bytes.get()), loop);
  samples.counter("selvage_responses_aborted_total", "Responses that did not reach their end.", number(c.aborted.get()),
                  loop);
  histogram(samples, "selvage_first_byte_seconds", "From the request to the response's head.", c.first_byte, loop);
}

void collect_origin(Samples& samples, const LoopCounters& c, const metrics::Labels& loop) {
  samples.counter("selvage_origin_requests_total", "Requests sent to origins.", number(c.origin_requests.get()), loop);
  samples.counter("selvage_origin_failures_total", "Origin requests that failed.", number(c.origin_failures.get()), loop);
  samples.counter("selvage_origin_bytes_total", "Body bytes received from origins.", number(c.origin_bytes.get()), loop);
  samples.counter("selvage_origin_not_modified_total", "Validations answered 304.", number(c.origin_not_modified.get()),
                  loop);
  samples.counter("selvage_fills_abandoned_total", "Fills ended because nobody wanted them.",
                  number(c.fills_abandoned.get()), loop);
  samples.counter("selvage_purged_misses_total", "Stored objects found dead by a purge.", number(c.purged_misses.get()),
                  loop);
  histogram(samples, "selvage_origin_first_byte_seconds", "From the request to the origin's head.", c.origin_first_byte,
            loop);
}

void collect_peers(Samples& samples, const LoopCounters& c, const metrics::Labels& loop) {
  samples.counter("selvage_peer_waits_total", "Requests of other edges that waited for the purge log.",
                  number(c.peer_waits.get()), loop);
  samples.counter("selvage_peer_passes_total", "Requests of other edges that were ahead: the cache was passed by.",
                  number(c.peer_passes.get()), loop);
  samples.counter("selvage_peer_strangers_total", "Requests with a purge clock from addresses that are not among peers.",
                  number(c.peer_strangers.get()), loop);
  samples.counter("selvage_parents_behind_total", "Answers of edges that had applied fewer purges than this one.",
                  number(c.parents_behind.get()), loop);
}

void collect_silence(Samples& samples, const LoopCounters& c, const metrics::Labels& loop) {
  static constexpr std::array kPolicies = {"serve", "revalidate", "refuse"};
  for (std::size_t i = 0; i < kPolicies.size(); ++i) {
    metrics::Labels labels = loop;
    labels["policy"] = kPolicies[i];
    samples.counter("selvage_purge_silence_answers_total", "Copies and requests met by a site's purge_silence.",
                    number(c.silence[i].get()), labels);
  }
}

void collect_forwards(Samples& samples, const PurgeGate& gate) {
  for (const auto& [result, count] : {std::pair("accepted", &gate.accepted), std::pair("refused", &gate.refused),
                                      std::pair("failed", &gate.failed)}) {
    samples.counter("selvage_purge_forwards_total", "Purges that clients sent to this edge, by what became of them.",
                    number(*count), {{"result", result}});
  }
}

void collect_front(Samples& samples, const http::ServerCounters& c, const metrics::Labels& loop) {
  samples.counter("selvage_connections_accepted_total", "Connections accepted.", number(c.accepted), loop);
  samples.gauge("selvage_connections_open", "Connections open now.", number(c.open), loop);
  samples.counter("selvage_connections_refused_total", "Connections closed for want of room.", number(c.refused), loop);
  samples.counter("selvage_tls_handshakes_total", "TLS handshakes done.", number(c.tls_handshakes), loop);
  samples.counter("selvage_tls_resumed_total", "TLS handshakes that resumed a session.", number(c.tls_resumed), loop);
  samples.counter("selvage_tls_failed_total", "TLS handshakes that failed.", number(c.tls_failed), loop);
  samples.counter("selvage_protocol_errors_total", "Connections and streams ended for protocol errors.",
                  number(c.protocol_errors), loop);
  for (const auto& [protocol, count] : {std::pair("http/1.1", c.requests_h1), std::pair("h2", c.requests_h2)}) {
    metrics::Labels labels = loop;
    labels["protocol"] = protocol;
    samples.counter("selvage_http_requests_total", "Requests received, by protocol.", number(count), labels);
  }
}

void collect_tiers(Samples& samples, const store::MemoryTier::Use& memory, const store::Disk::Use& disk) {
  samples.gauge("selvage_memory_bytes", "Bytes in the memory tier.", number(memory.bytes));
  samples.gauge("selvage_memory_objects", "Objects in the memory tier.", number(memory.objects));
  samples.gauge("selvage_memory_chunks", "Chunks of large bodies in the memory tier.", number(memory.chunks));
  samples.counter("selvage_memory_evictions_total", "Entries evicted from the memory tier.", number(memory.evictions));
  samples.gauge("selvage_disk_bytes", "Bytes of records in the disk tier.", number(disk.bytes));
  samples.gauge("selvage_disk_budget_bytes", "What the disk tier may take.", number(disk.budget_bytes));
  samples.gauge("selvage_disk_file_bytes", "High-water mark of the disk tier's files.", number(disk.file_bytes));
  samples.gauge("selvage_disk_objects", "Objects in the disk tier.", number(disk.objects));
  samples.gauge("selvage_disk_index_bytes", "Memory that the index of the disk tier takes.", number(disk.index_bytes));
  samples.counter("selvage_disk_evictions_total", "Objects evicted from the disk tier.", number(disk.evictions));
  samples.counter("selvage_disk_dropped_writes_total", "Small objects not written: queue full, or error.",
                  number(disk.dropped_writes));
  samples.gauge("selvage_disk_queued_bytes", "Bytes waiting for the disk writers.", number(disk.queued_bytes));
  samples.counter("selvage_disk_direct_reads_total",
                  "Objects read from the page cache at once, without a reader thread.",
                  number(disk.direct_reads));
  samples.counter("selvage_disk_read_errors_total", "Records that could not be read or were damaged.",
                  number(disk.read_errors));
  samples.counter("selvage_disk_map_full_total", "Times that LMDB found no free page; must stay 0.",
                  number(disk.map_full));
}

void collect_admission(Samples& samples, const store::Admission& admission) {
  const store::Admission::Counts& counts = admission.counts();
  samples.counter("selvage_disk_admitted_total", "Objects that the disk tier was given.", number(counts.admitted));
  for (const auto& [reason, count] : {std::pair("first-request", &counts.first_requests),
                                      std::pair("write-rate", &counts.over_rate)}) {
    samples.counter("selvage_disk_not_admitted_total", "Objects that the disk tier was not given, by reason.",
                    number(*count), {{"reason", reason}});
  }
  samples.gauge("selvage_disk_history_bytes", "Memory for what was missed and not stored.",
                number(admission.memory_bytes()));
}

void collect_codings(Samples& samples, const coding::Coder& coder) {
  for (const policy::Coding coding : policy::kCodings) {
    const coding::Counters& c = coder.counters(coding);
    const metrics::Labels labels = {{"coding", policy::name_of(coding)}};
    samples.counter("selvage_codings_total", "Bodies coded.", number(c.done), labels);
    samples.counter("selvage_coding_in_bytes_total", "Bytes of those before coding.", number(c.bytes_in),
                    labels);
    samples.counter("selvage_coding_out_bytes_total", "Bytes of those that became smaller, coded.",
                    number(c.bytes_out), labels);
    samples.counter("selvage_codings_useless_total", "Bodies coded that did not become smaller.",
                    number(c.useless), labels);
    samples.counter("selvage_codings_failed_total", "Bodies that could not be read, coded or stored.",
                    number(c.failed), labels);
    samples.counter("selvage_codings_refused_total", "Requests answered without coding: queue full.",
                    number(c.refused), labels);
  }
  samples.gauge("selvage_codings_waiting", "Bodies that wait for a thread to code them.",
                number(coder.waiting()));
}

void collect_sweeps(Samples& samples, const Sweeper::Counts& counts) {
  samples.counter("selvage_purge_sweeps_total", "Walks over all that both tiers hold.", number(counts.walks));
  samples.counter("selvage_purge_swept_objects_total", "Purged objects that walks have removed.", number(counts.removed));
  samples.counter("selvage_purge_dropped_entries_total", "Names forgotten, as nothing held could match them any more.",
                  number(counts.dropped));
}

void collect_purge(Samples& samples, const purge::Follower::State& state, std::int64_t now_ms) {
  samples.gauge("selvage_purge_connected", "Whether the purge log is being followed.", state.connected ? 1 : 0);
  samples.gauge("selvage_purge_caught_up", "Whether the purge log was applied in full since start.",
                state.caught_up ? 1 : 0);
  samples.gauge("selvage_purge_silence_seconds", "Time since the purge log was last heard from.",
                static_cast<double>(now_ms - state.heard_ms.load()) / 1000.0);
  samples.gauge("selvage_purge_log_head", "Newest sequence number that the log has told.", number(state.log_head));
  samples.counter("selvage_purge_reconnects_total", "Connections to the purge log begun anew.", number(state.reconnects));
  samples.counter("selvage_purge_resets_total", "Times that everything was purged since the log did not reach back.",
                  number(state.resets));
}

}  // namespace

void Node::collect(Samples& samples) const {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    const metrics::Labels loop = {{"loop", std::to_string(i)}};
    collect_requests(samples, *counters_[i], loop);
    collect_origin(samples, *counters_[i], loop);
    collect_peers(samples, *counters_[i], loop);
    collect_silence(samples, *counters_[i], loop);
    collect_front(samples, loops_[i]->server().counters(), loop);
    const auto turn = std::chrono::duration<double>(workers_[i]->loop().take_longest_turn());
    samples.gauge("selvage_loop_longest_turn_seconds", "Longest turn of the loop since the last scrape.", turn.count(),
                  loop);
  }
  collect_tiers(samples, memory_.use(), disk_->use());
  collect_admission(samples, *admission_);
  collect_codings(samples, coder_);
  const base::BufferPool::Use pool = base::BufferPool::instance().use();
  samples.gauge("selvage_chunk_pool_live_bytes", "Pooled chunk buffers in use.", number(pool.live_bytes));
  samples.gauge("selvage_chunk_pool_idle_bytes", "Pooled chunk buffers kept for reuse.", number(pool.idle_bytes));
  samples.gauge("selvage_fills_bytes", "Bytes in the windows of all fills.", number(fill_bytes_.load()));
  samples.gauge("selvage_fetches", "Fetches in flight that requests may join.", number(fetches_.size()));
  samples.gauge("selvage_pass_marks", "Keys remembered as uncacheable.", number(pass_marks_.size()));
  samples.gauge("selvage_purge_applied", "Newest purge applied.", number(purge::sequence_of(ledger_.now())));
  samples.gauge("selvage_purge_entries", "Names in the purge ledger.", number(ledger_.entries()));
  samples.gauge("selvage_purge_floor", "What was stored before this purge counts as purged.",
                number(purge::sequence_of(ledger_.floor())));
  if (purges_) collect_forwards(samples, *purges_);
  if (sweeper_) collect_sweeps(samples, sweeper_->counts());
  if (follower_) {
    const auto now = control_.clock().steady().time_since_epoch();
    collect_purge(samples, follower_->state(), std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }
}

}  // namespace node
