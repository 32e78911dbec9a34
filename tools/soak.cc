// SPDX-License-Identifier: Apache-2.0

// ./dev soak: minutes or hours of everything at once on a real directory (soak_run.h).
//
// Exit codes: 0 no difference; 1 a difference or an error; 2 wrong usage.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tools/soak_run.h"

int main(int argc, char** argv) {
  veralith::SoakOptions options;
  options.directory = "data/soak";
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 < argc && name == "--minutes" && std::atof(argv[i + 1]) > 0) {
      options.seconds = 60 * std::atof(argv[i + 1]);
    } else if (i + 1 < argc && name == "--directory") {
      options.directory = argv[i + 1];
    } else {
      std::fprintf(stderr, "usage: soak [--minutes N] [--directory DIRECTORY]\n");
      return 2;
    }
  }
  return veralith::RunSoak(options) ? 0 : 1;
}
