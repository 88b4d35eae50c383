// SPDX-License-Identifier: Apache-2.0
// Ways to spoil the good configurations of configuration_rig.cc, and what is to be said of each.
#include "tests/integration/configuration_rig.h"

namespace harness {
namespace {

constexpr const char* kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Values of a wrong kind; every daemon reads them alike.
std::vector<Spoilt> common_values(const std::string& p) {
  return {
      {"Syntax", p, "idle = \"10s\"", "idle = = \"10s\"", "idle = |= \"10s\"", {}},
      {"KeyTwice", p, "tls = true", "tls = true\ntls = true", "tls = true\ntls = |true", {"tls"}},
      {"UnknownKey",
       p,
       "tls = true",
       "tls = true\ntsl = true",
       "tsl",
       {"listener[0].tsl: unknown key", "\"tls\""}},
      {"UnknownTable", p, "[admin]", "[weather]\nrain = 1\n[admin]", "[|weather]", {"weather: unknown key"}},
      {"FlagAsText", p, "tls = true", "tls = \"yes\"", "\"yes\"", {"found \"yes\"", "true or false"}},
      {"TextAsNumber", p, "key = \"@/www.key\"", "key = 7", "key = |7", {"found 7", "a text in quotes"}},
      {"TableAsText", p, "[admin]", "[[admin]]", "[[admin]]", {"a table [admin]"}},
      {"TimeWithoutUnit",
       p,
       "idle = \"10s\"",
       "idle = \"10\"",
       "\"10\"",
       {"limits.idle: found \"10\"", "a time with its unit", "100ms to 1d"}},
      {"TimeTooShort", p, "idle = \"10s\"", "idle = \"1ms\"", "\"1ms\"", {"found \"1ms\"", "100ms to 1d"}},
      {"SizeInWords",
       p,
       "idle = \"10s\"",
       "buffered = \"plenty\"",
       "\"plenty\"",
       {"found \"plenty\"", "a size such as \"64MiB\"", "16KiB to 64MiB"}},
      {"SizeTooLarge",
       p,
       "idle = \"10s\"",
       "header = \"1GiB\"",
       "header = |\"1GiB\"",
       {"found \"1GiB\"", "1KiB to 1MiB"}},
      {"NumberTooLarge",
       p,
       "idle = \"10s\"",
       "streams = 10001",
       "10001",
       {"found 10001", "a whole number from 1 to 10000"}},
      {"NumberTooSmall",
       p,
       "idle = \"10s\"",
       "control_frames_per_second = 0",
       "control_frames_per_second = |0",
       {"found 0", "a whole number from 1 to 1000000"}},
  };
}

/// Addresses and files that cannot be; every daemon reads them alike.
std::vector<Spoilt> common_places(const std::string& p, const std::string& folder_key,
                                  const std::string& folder) {
  const std::string folder_line = folder_key + " = \"" + folder + "\"";
  return {
      {"AddressWithoutPort",
       p,
       "127.0.0.1:0",
       "127.0.0.1",
       "\"127.0.0.1\"",
       {"listener[0].address", "no port", "\"192.0.2.1:443\""}},
      {"AddressByName", p, "127.0.0.1:0", "localhost:0", "\"localhost:0\"", {"no IPv4 address"}},
      {"AddressTwice",
       p,
       "127.0.0.1:0\"\ntls = true",
       "127.0.0.1:9999\"\ntls = true\n[[listener]]\naddress = "
       "\"127.0.0.1:09999\"\ntls = true",
       "\"127.0.0.1:09999\"",
       {"listener[1].address", "has already"}},
      {"AddressOfAdmin",
       p,
       "[admin]\naddress = \"127.0.0.1:0\"",
       "[[listener]]\naddress = \"127.0.0.1:9999\"\n[admin]\naddress = \"127.0.0.1:9999\"",
       "[admin]\naddress = |\"127.0.0.1:9999\"",
       {"admin.address", "has already"}},
      {"CertificateMissing", p, "@/www.pem", "@/no.pem", "\"@/no.pem\"", {"@/no.pem", "No such file"}},
      {"KeyMissing", p, "@/www.key", "@/no.key", "\"@/no.key\"", {"@/no.key", "No such file"}},
      {"CertificateOfAnotherKey",
       p,
       "@/www.key",
       "@/other.key",
       "\"@/www.pem\"",
       {"@/other.key", "does not belong to the first certificate", "@/www.pem"}},
      {"CertificateIsNone", p, "@/www.pem", "@/www.key", "\"@/www.key\"", {"holds no certificate", "PEM"}},
      {"KeyIsNone", p, "@/www.key", "@/file", "\"@/file\"", {"holds no private key", "PEM"}},
      {"FolderBelowAFile",
       p,
       folder_line,
       folder_key + " = \"@/file/cache\"",
       "\"@/file/cache\"",
       {"\"@/file\" is no folder"}},
      {"FolderIsAFile", p, folder_line, folder_key + " = \"@/file\"", "\"@/file\"", {"is no folder"}},
      {"LogFolderMissing",
       p,
       "idle = \"10s\"",
       "idle = \"10s\"\n[log]\nfile = \"@/no/log\"",
       "\"@/no/log\"",
       {"log.file", "there is no folder \"@/no\""}},
  };
}

std::vector<Spoilt> joined(std::vector<Spoilt> all, const std::vector<Spoilt>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<Spoilt> common(const std::string& p, const std::string& folder_key, const std::string& folder) {
  return joined(common_values(p), common_places(p, folder_key, folder));
}

/// What names and refers.
std::vector<Spoilt> edge_names(const std::string& p) {
  return {
      {"NodeOfAnUrl",
       p,
       "node = \"edge-1\"",
       "node = \"edge 1\"",
       "\"edge 1\"",
       {"edge.node: found \"edge 1\"", "1 to 100 letters"}},
      {"NoNode", p, "node = \"edge-1\"", "", "[edge]", {"edge.node: missing", "a text in quotes"}},
      {"NoDisk",
       p,
       "[disk]\nfolder = \"@/cache\"\nbudget = \"64MiB\"",
       "",
       "[edge]",
       {"table [disk] is missing", "folder"}},
      {"NodeEmpty", p, "\"edge-1\"", "\"\"", "\"\"", {"found \"\"", "not empty"}},
      {"ListenerName",
       p,
       "name = \"http\"",
       "name = \"https\"",
       "\"https\"\naddress = \"127.0.0.1:0\"\ntls = false",
       {"listener[1].name", "\"https\" a second time"}},
      {"HostInTwoSites",
       p,
       "[limits]",
       "[[site]]\nname = \"b\"\nhosts = [\"b.test\", \"WWW.test\"]\norigin = \"main\"\n[limits]",
       "[\"b.test\"",
       {"site[1].hosts", "found \"www.test\"", "\"www\" has already"}},
      {"WildcardInTwoSites",
       p,
       "[limits]",
       "[[site]]\nname = \"b\"\nhosts = [\"*.www.test\"]\norigin = \"main\"\n[limits]",
       "[\"*.www.test\"]",
       {"found \"*.www.test\"", "\"www\" has already"}},
      {"HostWithPort", p, "\"www.test\"", "\"www.test:443\"", "[\"www.test:443\"", {"without port"}},
      {"SiteTwice",
       p,
       "[limits]",
       "[[site]]\nname = \"www\"\nhosts = [\"b.test\"]\norigin = \"main\"\n[limits]",
       "\"www\"\nhosts = [\"b",
       {"\"www\" a second time"}},
      {"UnknownOrigin",
       p,
       "origin = \"main\"",
       "origin = \"mian\"",
       "\"mian\"",
       {"site[0].origin: found \"mian\"", "one of the [origins]: main"}},
  };
}

/// What a [[site.rule]] cannot say.
std::vector<Spoilt> edge_rules(const std::string& p) {
  return {
      {"RulePath", p, "\"/assets/*\"", "\"assets/*\"", "\"assets/*\"", {"begins with \"/\""}},
      {"StatusOfARule",
       p,
       "\"/assets/*\"",
       "\"/assets/*\"\nstatus_ttl = { \"404\" = \"1m\", \"304\" = \"1m\" }",
       "\"1m\" }",
       {"status_ttl.304", "found \"304\"", "such as \"404\""}},
      {"FieldOfARule",
       p,
       "\"/assets/*\"",
       "\"/assets/*\"\nstrip_request = [\"host\"]",
       "[\"host\"]",
       {"strip_request", "found \"host\"", "no rule may remove"}},
  };
}

std::vector<Spoilt> edge_values(const std::string& p) {
  return {
      {"OriginWithPath",
       p,
       "url = \"http://127.0.0.1:1\"",
       "url = \"http://127.0.0.1:1/x\"",
       "\"http://127.0.0.1:1/x\"",
       {"origins.main.url", "no path"}},
      {"OriginsAuthorities",
       p,
       "url = \"http://127.0.0.1:1\"",
       "url = \"http://127.0.0.1:1\"\nca_file = \"@/no.pem\"",
       "\"@/no.pem\"",
       {"origins.main.ca_file", "No such file"}},
      {"OriginsClientKey",
       p,
       "url = \"http://127.0.0.1:1\"",
       "url = \"http://127.0.0.1:1\"\nclient_certificate = \"@/www.pem\"\nclient_key = \"@/other.key\"",
       "\"@/www.pem\"\nclient",
       {"does not belong"}},
      {"PurgeAuthorities",
       p,
       "ca_file = \"@/ca.pem\"",
       "ca_file = \"@/file\"",
       "\"@/file\"",
       {"holds no certificate"}},
      {"Choice",
       p,
       "[[site.rule]]",
       "plain = \"on\"\n[[site.rule]]",
       "\"on\"",
       {"found \"on\"", "\"serve\", \"redirect\" or \"off\""}},
      {"DiskTooSmall",
       p,
       "budget = \"64MiB\"",
       "budget = \"16MiB\"",
       "\"16MiB\"\n[purge]",
       {"disk.budget", "32MiB to 64TiB"}},
      {"StateFolderBelowAFile", p, "@/state", "@/file/state", "\"@/file/state\"", {"is no folder"}},
      {"StateIsTheCache",
       p,
       "@/state",
       "@/state/../cache",
       "\"@/state/../cache\"",
       {"purge.state_folder", "overlaps"}},
      {"StateInTheCache", p, "@/state", "@/cache/state", "\"@/cache/state\"", {"overlaps with disk.folder"}},
      {"CacheInTheState", p, "@/state", "@/.", "\"@/.\"", {"overlaps with disk.folder"}},
      {"AccessLogIsAFolder",
       p,
       "[limits]",
       "[log]\naccess_file = \"@/root\"\n[limits]",
       "\"@/root\"",
       {"log.access_file", "is a folder"}},
  };
}

}  // namespace

std::vector<Spoilt> spoilt_edges() {
  const std::string p = "selvage-edge";
  return joined(joined(common(p, "folder", "@/cache"), edge_rules(p)), joined(edge_names(p), edge_values(p)));
}

std::vector<Spoilt> spoilt_origins() {
  const std::string p = "selvage-origin";
  std::vector<Spoilt> all = common(p, "root", "@/root");
  std::erase_if(all, [](const Spoilt& one) {
    return one.name == "FolderBelowAFile" || one.name == "FolderIsAFile" || one.name == "LogFolderMissing";
  });
  const std::vector<Spoilt> more{
      {"NoContent",
       p,
       "[content]\nroot = \"@/root\"\nmax_upload = \"1GiB\"",
       "",
       "workers",
       {"found no [content]"}},
      {"NoTls",
       p,
       "[tls]\ncertificate = \"@/www.pem\"\nkey = \"@/www.key\"",
       "",
       "[[listener]]",
       {"no [tls]"}},
      {"RootMissing", p, "@/root", "@/no", "\"@/no\"", {"content.root", "not a folder"}},
      {"RootIsAFile", p, "@/root", "@/file", "\"@/file\"", {"content.root", "not a folder"}},
      {"RulePath", p, "\"/assets/*\"", "\"assets\"", "\"assets\"", {"begins with '/'"}},
      {"RulesOwnField",
       p,
       "cache_control = \"max-age=60\"",
       "headers = { ETag = \"x\" }",
       "{ ETag",
       {"ETag"}},
      {"TokensHash", p, kHash, "abc", "\"abc\"", {"3 characters", "64 hexadecimal digits"}},
      {"Workers", p, "workers = 1", "workers = -1", "-1", {"found -1", "0 to 1024"}},
      {"LogFolderMissing",
       p,
       "@/access.log",
       "@/no/access.log",
       "\"@/no/access.log\"",
       {"log.access", "no folder"}},
  };
  return joined(std::move(all), more);
}

std::vector<Spoilt> spoilt_purge_apis() {
  const std::string p = "selvage-purge";
  std::vector<Spoilt> all = common(p, "folder", "@/log");
  const std::vector<Spoilt> more{
      {"NoStore",
       p,
       "[log_store]\nfolder = \"@/log\"\nkeep_entries = 1000",
       "",
       "[[listener]]",
       {"[log_store] is missing"}},
      {"NoCertificate",
       p,
       "[[certificate]]\ncertificate = \"@/www.pem\"\nkey = \"@/www.key\"",
       "",
       "[[listener]]",
       {"there is no [[certificate]]"}},
      {"TokenTwice",
       p,
       "[limits]",
       "[[token]]\nname = \"b\"\nsha256 = \"" + std::string(kHash) + "\"\nroles = [\"node\"]\n[limits]",
       "\"" + std::string(kHash) + "\"\nroles = [\"node\"]",
       {"token[1].sha256", "each token needs its own"}},
      {"Role",
       p,
       "\"read\"",
       "\"reed\"",
       "[\"purge\", \"reed\"]",
       {"found \"reed\"", "\"purge\", \"node\", \"read\""}},
      {"KeepEntries", p, "1000", "0", "0\n[[token]]", {"log_store.keep_entries: found 0", "from 1 to"}},
  };
  return joined(std::move(all), more);
}

}  // namespace harness
