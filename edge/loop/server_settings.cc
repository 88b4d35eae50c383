// SPDX-License-Identifier: Apache-2.0
#include "edge/loop/server_settings.h"

#include <ctime>

#include "edge/loop/address.h"
#include "edge/loop/certificate.h"
#include "edge/loop/listener.h"

namespace loop {

void ListenAddresses::add(const base::Table& table, const std::string& address, const std::string& name) {
  if (address.empty()) return;
  const auto parsed = Address::parse(address);
  if (!parsed) return table.fault("address", parsed.error().text);
  if (parsed->port() != 0) {
    const auto [owner, added] = owners_.emplace(parsed->str(), name);
    if (!added) {
      return table.fault("address", "found \"" + address + "\", which " + owner->second +
                                        " has already; allowed: an address of its own");
    }
  }
  if (!in_use_) return;
  if (const auto free = Listener::probe(address); !free) table.fault("address", free.error().text);
}

void ListenAddresses::add_name(const base::Table& table, const std::string& name) {
  if (!name.empty() && !names_.insert(name).second)
    table.fault("name", "found \"" + name + "\" a second time; allowed: names of listeners that differ");
}

CertificateFiles read_certificate(const base::Table& table, std::string_view certificate_key,
                                  std::string_view key_key) {
  CertificateFiles files{table.required_text(certificate_key), table.required_text(key_key)};
  if (files.certificate.empty() || files.key.empty()) return files;
  const auto certificate_good = Certificate::check_certificate_file(files.certificate);
  if (!certificate_good) table.fault(certificate_key, certificate_good.error().text);
  const auto key_good = Certificate::check_key_file(files.key);
  if (!key_good) table.fault(key_key, key_good.error().text);
  if (!certificate_good || !key_good) return files;
  TlsOptions one;
  one.certificates.push_back(files);
  if (const auto context = TlsContext::make(one); !context) {
    table.fault(certificate_key, context.error().text);
  } else if (const auto certificate = Certificate::load(files)) {
    const std::string wrong = certificate->out_of_time(std::time(nullptr));
    if (!wrong.empty())
      table.warn(certificate_key, "the certificate in file " + files.certificate + " " + wrong);
  }
  return files;
}

std::string read_authorities(const base::Table& table, std::string_view key) {
  std::string file = table.text(key, "");
  if (file.empty()) return file;
  if (const auto good = Certificate::check_certificate_file(file); !good) table.fault(key, good.error().text);
  return file;
}

}  // namespace loop
