// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ctl_rig.h"

#include <filesystem>

#include "edge/base/file.h"

namespace harness {

Process CtlRig::start(std::vector<std::string> arguments) {
  std::vector<std::string> command{"sh", "-c", "exec \"$@\" >\"$0/out\" 2>\"$0/err\"", folder_, "env"};
  for (const char* name : {"SELVAGE_TOKEN", "SELVAGE_API", "SELVAGE_CA"}) {
    command.insert(command.end(), {"-u", name});
  }
  for (const auto& [name, value] : environment) command.push_back(name + "=" + value);
  command.push_back(program);
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::filesystem::create_directories(folder_);
  return Process(std::move(command), folder_ + "/shell");
}

CtlRig::Ran CtlRig::run(std::vector<std::string> arguments) {
  Process process = start(std::move(arguments));
  Ran ran;
  ran.code = process.wait(std::chrono::minutes(2));
  ran.out = base::read_file(folder_ + "/out").value_or("");
  ran.err = base::read_file(folder_ + "/err").value_or("");
  return ran;
}

}  // namespace harness
