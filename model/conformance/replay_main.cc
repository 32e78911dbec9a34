// SPDX-License-Identifier: Apache-2.0

// Replays traces: text files, or the byte strings of the operations fuzzer.
//
//   replay [--minimize] [--twice] [--print] [--bytes] [--defect=NAME] FILE...
//
// Prints for each file whether engine and model agree, or the first difference. Exit codes: 0 they
// agree in all, 1 they differ, 2 a file cannot be read or parsed, or usage.
//   --minimize     also makes a failing trace as small as possible (each try in a process of its
//                  own, so that one may die) and writes it beside the file, as FILE.min
//   --twice        runs each trace twice; unequal fingerprints count as a difference
//   --defect=NAME  runs a broken model database instead of the engine (model_db.h), to see that a
//                  replay can fail
//   --print        only prints the trace as text
//   --bytes        only writes the trace as the fuzzer's bytes, to standard output
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "model/conformance/byte_trace.h"
#include "model/conformance/database_under_test.h"
#include "model/conformance/model_db.h"
#include "model/conformance/runner.h"

namespace veralith::model {
namespace {

constexpr int kAgree = 0;
constexpr int kDiffer = 1;
constexpr int kUsage = 2;
constexpr size_t kMinimizeRuns = 5'000;

struct Flags {
  bool minimize = false;
  bool print = false;
  bool twice = false;
  bool bytes = false;
  DbOpener open = OpenDatabaseUnderTest;
  std::vector<std::string> files;
};

std::optional<Defect> DefectNamed(std::string_view name) {
  for (int i = 0; i < kDefects; ++i) {
    if (DefectName(static_cast<Defect>(i)) == name) {
      return static_cast<Defect>(i);
    }
  }
  return std::nullopt;
}

bool ParseFlags(int argc, char** argv, Flags* flags) {
  constexpr std::string_view kDefect = "--defect=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--minimize") {
      flags->minimize = true;
    } else if (argument == "--bytes") {
      flags->bytes = true;
    } else if (argument == "--twice") {
      flags->twice = true;
    } else if (argument == "--print") {
      flags->print = true;
    } else if (argument.starts_with(kDefect)) {
      const std::optional<Defect> defect = DefectNamed(argument.substr(kDefect.size()));
      if (!defect.has_value()) {
        return false;
      }
      flags->open = [defect](const std::string& directory, const Options& options) {
        return OpenModelDb(directory, options, *defect);
      };
    } else if (argument.starts_with("--")) {
      return false;
    } else {
      flags->files.emplace_back(argument);
    }
  }
  return !flags->files.empty();
}

bool ReadTrace(const std::string& file, Trace* trace) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  if (!bytes.starts_with("veralith")) {
    *trace = TraceFromBytes(bytes);
    return true;
  }
  std::string error;
  if (!ParseTrace(bytes, trace, &error)) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), error.c_str());
    return false;
  }
  return true;
}

RunResult Run(const Trace& trace, const Flags& flags) {
  RunResult result = RunTrace(trace, flags.open);
  if (flags.twice && result.ok()) {
    const RunResult again = RunTrace(trace, flags.open);
    if (again.fingerprint != result.fingerprint) {
      result.where = "the second run";
      result.difference =
          "answers:disk:schedule were " + result.fingerprint + ", now " + again.fingerprint;
    }
  }
  return result;
}

// Runs in a child; its death is a failure, too.
bool FailsInChild(const Trace& trace, const Flags& flags) {
  const pid_t child = fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    alarm(60);
    _exit(Run(trace, flags).ok() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

int Replay(const std::string& file, const Flags& flags) {
  Trace trace;
  if (!ReadTrace(file, &trace)) {
    return kUsage;
  }
  if (flags.print) {
    std::printf("%s", PrintTrace(trace).c_str());
    return kAgree;
  }
  if (flags.bytes) {
    const std::string bytes = TraceToBytes(trace);
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return kAgree;
  }
  if (flags.minimize) {
    const auto fails = [&flags](const Trace& t) { return FailsInChild(t, flags); };
    if (fails(trace)) {
      trace = Minimize(trace, fails, kMinimizeRuns);
      std::ofstream(file + ".min", std::ios::binary) << PrintTrace(trace);
      std::printf("%s.min: the smallest trace that fails:\n%s", file.c_str(),
                  PrintTrace(trace).c_str());
      std::fflush(stdout);
    }
  }
  const RunResult result = Run(trace, flags);
  if (result.ok()) {
    std::printf("%s: engine and model agree after %zu operations, fingerprint %s\n", file.c_str(),
                trace.operations.size(), result.fingerprint.c_str());
    return kAgree;
  }
  std::printf("%s: engine and model differ at %s:\n  %s\n", file.c_str(), result.where.c_str(),
              result.difference.words().c_str());
  return kDiffer;
}

}  // namespace
}  // namespace veralith::model

int main(int argc, char** argv) {
  veralith::model::Flags flags;
  if (!veralith::model::ParseFlags(argc, argv, &flags)) {
    std::fprintf(stderr, "usage: replay [--minimize] [--twice] [--print] [--bytes] [--defect=NAME] "
                         "FILE...\n");
    return veralith::model::kUsage;
  }
  int worst = 0;
  for (const std::string& file : flags.files) {
    worst = std::max(worst, veralith::model::Replay(file, flags));
  }
  return worst;
}
