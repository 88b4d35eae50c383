// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/certificates.h"

#include "edge/base/check.h"
#include "edge/base/file.h"
#include "tests/integration/process.h"

namespace harness {
namespace {

void openssl(std::vector<std::string> arguments, const std::string& folder) {
  arguments.insert(arguments.begin(), "openssl");
  Process process(std::move(arguments), folder + "/openssl.log");
  CHECK(process.wait() == 0);
}

bool is_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Certificates::Certificates(std::string folder) : folder_(std::move(folder)) {
  ca_ = {folder_ + "/ca.pem", folder_ + "/ca.key"};
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
           "-subj", "/CN=Selvage test CA", "-keyout", ca_.key, "-out", ca_.certificate},
          folder_);
}

Certificates::Files Certificates::issue(const std::string& name, const std::vector<std::string>& hosts) {
  const Files files{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  const std::string request = folder_ + "/" + name + ".csr";
  const std::string extensions = folder_ + "/" + name + ".ext";
  std::string names = "subjectAltName=";
  for (const std::string& host : hosts) names += (is_address(host) ? "IP:" : "DNS:") + host + ",";
  names.back() = '\n';
  CHECK(base::replace_file(extensions, names));
  openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
           "/CN=" + name, "-keyout", files.key, "-out", request},
          folder_);
  openssl({"x509", "-req", "-in", request, "-CA", ca_.certificate, "-CAkey", ca_.key, "-CAcreateserial",
           "-days", "30", "-extfile", extensions, "-out", files.certificate},
          folder_);
  return files;
}

}  // namespace harness
