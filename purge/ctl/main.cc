// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "edge/base/program.h"
#include "edge/base/quantity.h"
#include "purge/ctl/check.h"
#include "purge/ctl/commands.h"
#include "purge/ctl/exit_code.h"
#include "purge/ctl/put.h"
#include "purge/ctl/url_path.h"

namespace {

constexpr const char* kEnding =
    "Exit codes: 0 done; 1 refused, or some of several things failed; 2 wrong arguments, or check: a wrong\n"
    "configuration; 3 no answer; 4 purge --wait: accepted, but an edge has not applied it in time, or is "
    "away; verify: not all edges have answered.\n"
    "SELVAGE_TOKEN, SELVAGE_API and SELVAGE_CA stand for --token, --api and --ca.";

struct Arguments {
  ctl::Access access{};
  std::string api = "https://127.0.0.1:9443";
  std::string admin = "http://127.0.0.1:9180";
  bool json = false;
  ctl::PutOptions put{};
  ctl::PurgeOptions purge{};
  std::vector<std::string> urls{}, tags{}, prefixes{}, hosts{}, wildcards{}, variant{};
  bool everything = false;
  std::string retire{};
  std::string inspect_url{}, verify_url{}, verify_site{}, config{}, kind{}, program{};
};

void add_common(CLI::App& command, Arguments& a, bool api) {
  command.add_option("--token", a.access.token, "Bearer token")->envname("SELVAGE_TOKEN");
  command.add_option("--ca", a.access.ca_file, "PEM file with the authorities to trust")
      ->envname("SELVAGE_CA");
  command.add_flag("--insecure", a.access.insecure, "Do not verify certificates");
  command.add_flag("--json", a.json, "Print JSON");
  if (api) command.add_option("--api", a.api, "Purge API")->envname("SELVAGE_API")->capture_default_str();
}

void add_purge(CLI::App& app, Arguments& a) {
  CLI::App* purge = app.add_subcommand("purge", "Purge by URL, tag, prefix, host, or everything of a site");
  add_common(*purge, a, true);
  purge->add_option("--site", a.purge.purge.site, "Site")->required();
  purge->add_option("--url", a.urls, "Absolute URLs");
  purge->add_option("--tag", a.tags, "Tags (Surrogate-Key)");
  purge->add_option("--prefix", a.prefixes, "Host and path, on segment boundaries");
  purge->add_option("--host", a.hosts, "Host names");
  purge->add_option("--wildcard", a.wildcards, "Host and path with *, which stands for any text");
  purge->add_flag("--everything", a.everything, "All of the site");
  purge->add_flag("--ignore-case", a.purge.purge.ignore_case, "Of tags");
  purge->add_option("--idempotency-key", a.purge.key, "Sent again with the same one, it stays one purge");
  purge->add_flag("--soft", a.purge.purge.soft, "Treat as stale, not as absent");
  purge->add_option("--wait", a.purge.wait, "Wait until all edges have applied it, at most so long (5s)");
}

int run_purge(Arguments& a) {
  using purge::Kind;
  int selectors = a.everything ? 1 : 0;
  const auto select = [&](Kind kind, std::vector<std::string>& names) {
    if (names.empty()) return;
    ++selectors;
    a.purge.purge.kind = kind;
    a.purge.purge.names = std::move(names);
  };
  select(Kind::Urls, a.urls);
  select(Kind::Tags, a.tags);
  select(Kind::Prefixes, a.prefixes);
  select(Kind::Hosts, a.hosts);
  select(Kind::Wildcards, a.wildcards);
  if (selectors != 1) {
    std::cerr << "selvagectl: purge takes exactly one of --url, --tag, --prefix, --host, --wildcard, "
                 "--everything\n";
    return ctl::kUsage;
  }
  if (!a.purge.wait.empty()) {
    const auto wait = base::parse_duration(a.purge.wait);
    if (!wait) {
      std::cerr << "selvagectl: --wait: found \"" << a.purge.wait << "\", allowed: a time such as 5s\n";
      return ctl::kUsage;
    }
    a.access.patience += *wait;  // or else we would stop listening before the answer is due
  }
  a.purge.api = a.api;
  a.purge.json = a.json;
  return ctl::purge_command(a.access, a.purge);
}

void add_others(CLI::App& app, Arguments& a) {
  CLI::App* put = app.add_subcommand("put", "Upload a file, or a folder with all below it");
  add_common(*put, a, false);
  put->add_option("source", a.put.source, "File or folder")->required();
  put->add_option("url", a.put.url, "Where it goes at the origin")->required();
  put->add_option("--parallel", a.put.parallel, "Uploads side by side")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  put->add_flag("--force", a.put.force, "Send also what the origin has already");
  CLI::App* nodes = app.add_subcommand("nodes", "The edges that follow the purge log");
  add_common(*nodes, a, true);
  nodes->add_option("--retire", a.retire,
                    "Forget this edge, which is gone for good: purges wait for it no more");
  CLI::App* verify =
      app.add_subcommand("verify", "What all edges hold of a URL, and whether a purge has missed it");
  add_common(*verify, a, true);
  verify->add_option("url", a.verify_url, "Absolute URL")->required();
  verify->add_option("--site", a.verify_site, "Site")->required();
  verify->add_option("--variant", a.variant,
                     "Request field that chooses one variant: \"accept-language: de\"");
  CLI::App* promote = app.add_subcommand("promote", "Make the standby at --api the primary of the purge log");
  add_common(*promote, a, true);
  CLI::App* inspect = app.add_subcommand("inspect", "What an edge holds of a URL");
  add_common(*inspect, a, false);
  inspect->add_option("url", a.inspect_url, "Absolute URL")->required();
  inspect->add_option("--admin", a.admin, "The edge's admin listener")->capture_default_str();
  inspect->add_option("--variant", a.variant,
                      "Request field that chooses the variant: \"accept-encoding: br\"");
  CLI::App* check = app.add_subcommand("check", "Check a configuration file");
  check->add_option("config", a.config, "File")->required();
  check->add_option("--kind", a.kind, "edge, origin or purge; by default the file's tables tell")
      ->check(CLI::IsMember({"edge", "origin", "purge"}));
  check->add_option("--program", a.program,
                    "The daemon; by default the one beside selvagectl, or else in PATH");
}

// Whether all URLs that the command was given can be asked; else says which cannot.
bool good_urls(const CLI::App& app, const Arguments& a) {
  const auto good = [](const char* what, const std::string& url) {
    if (ctl::is_http_url(url)) return true;
    std::cerr << "selvagectl: " << what << ": found \"" << url << "\", allowed: an http:// or https:// URL\n";
    return false;
  };
  if (app.got_subcommand("put")) return good("url", a.put.url);
  if (app.got_subcommand("inspect")) return good("--admin", a.admin);
  return app.got_subcommand("check") || good("--api", a.api);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  CLI::App app("Selvage's command line: upload, purge, look inside.", "selvagectl");
  app.require_subcommand(1);
  app.footer(kEnding);
  app.set_version_flag("--version", base::version_text("selvagectl"));
  add_others(app, a);
  add_purge(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ctl::kDone : ctl::kUsage;
  }
  if (!good_urls(app, a)) return ctl::kUsage;
  std::signal(SIGPIPE, SIG_IGN);
  while (a.api.ends_with('/')) a.api.pop_back();
  while (a.admin.ends_with('/')) a.admin.pop_back();
  if (app.got_subcommand("purge")) return run_purge(a);
  if (app.got_subcommand("nodes") && !a.retire.empty())
    return ctl::retire_command(a.access, a.api, a.retire, a.json);
  if (app.got_subcommand("nodes")) return ctl::nodes_command(a.access, a.api, a.json);
  if (app.got_subcommand("verify"))
    return ctl::verify_command(a.access, a.api, a.verify_site, a.verify_url, a.variant, a.json);
  if (app.got_subcommand("promote")) return ctl::promote_command(a.access, a.api, a.json);
  if (app.got_subcommand("inspect"))
    return ctl::inspect_command(a.access, a.admin, a.inspect_url, a.variant, a.json);
  if (app.got_subcommand("check")) return ctl::check_command(a.config, a.kind, a.program);
  a.put.json = a.json;
  return ctl::put(a.access, a.put);
}
