// SPDX-License-Identifier: Apache-2.0

#include "model/conformance/runner.h"

#include <signal.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "model/operation_text.h"
#include "model/simplify.h"

namespace veralith::model {
namespace {

constexpr size_t kMinimizeRuns = 1'500;
constexpr uint32_t kFirstKeys = 4;  // keys that renaming aims at

std::set<NamespaceId> NamespacesOf(const Trace& trace) {
  std::set<NamespaceId> all(std::begin(kNamespaceTable), std::end(kNamespaceTable));
  for (const Operation& operation : trace.operations) {
    if (operation.ns <= kMaxNamespace) {
      all.insert(operation.ns);
    }
    for (const BatchPart& part : operation.parts) {
      if (part.ns <= kMaxNamespace) {
        all.insert(part.ns);
      }
    }
  }
  return all;
}

std::string Describe(const Trace& trace, size_t position) {
  return "operation " + std::to_string(position) + ", " +
         PrintOperation(trace.operations[position]);
}

std::string OutputDirectory() {
  for (const char* name : {"TEST_UNDECLARED_OUTPUTS_DIR", "TEST_TMPDIR"}) {
    if (const char* directory = std::getenv(name); directory != nullptr) {
      return directory;
    }
  }
  return "/tmp";
}

// Makes a name for a trace that has none.
std::string HashOf(const Trace& trace) {
  char hash[24];
  std::snprintf(hash, sizeof(hash), "%016llx",
                static_cast<unsigned long long>(Fingerprint(0, PrintTrace(trace))));
  return hash;
}

// --- When the process dies in a run --------------------------------------------------------------

constexpr int kDeadly[] = {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS};
const Trace* running = nullptr;
struct sigaction before[std::size(kDeadly)];  // what was installed, for example a fuzzer's handlers

void RestoreHandlers() {
  for (size_t i = 0; i < std::size(kDeadly); ++i) {
    sigaction(kDeadly[i], &before[i], nullptr);
  }
}

void ReportDeath(int signal) {
  RestoreHandlers();
  if (const Trace* trace = std::exchange(running, nullptr); trace != nullptr) {
    const std::string file = WriteTraceFile(*trace, HashOf(*trace));
    std::fprintf(stderr, "died in the run of this trace:\n%s\nreplay: %s\n",
                 PrintTrace(*trace).c_str(), ReplayCommand(file).c_str());
  }
  std::raise(signal);
}

// Says what was running if the process dies while it is in scope.
class DeathWatch {
 public:
  explicit DeathWatch(const Trace& trace) {
    running = &trace;
    struct sigaction report = {};
    report.sa_handler = ReportDeath;
    for (size_t i = 0; i < std::size(kDeadly); ++i) {
      sigaction(kDeadly[i], &report, &before[i]);
    }
  }
  ~DeathWatch() {
    running = nullptr;
    RestoreHandlers();
  }
};

// --- Minimizing ----------------------------------------------------------------------------------

class Minimizer {
 public:
  Minimizer(Trace trace, const std::function<bool(const Trace&)>& fails, size_t budget)
      : trace_(std::move(trace)), fails_(fails), budget_(budget) {}

  Trace Run() {
    while (budget_ > 0) {
      const bool removed = RemoveOperations();
      const bool simplified = SimplifyOperations();
      const bool renamed = RenameKeys() || RenameNamespaces();
      const bool configured = SimplifyConfiguration();
      if (!removed && !simplified && !renamed && !configured) {
        break;
      }
    }
    return trace_;
  }

 private:
  bool Try(Trace candidate) {
    if (budget_ == 0) {
      return false;
    }
    --budget_;
    if (!fails_(candidate)) {
      return false;
    }
    trace_ = std::move(candidate);
    return true;
  }
  bool RemoveOperations() {
    bool progress = false;
    for (size_t chunk = std::max<size_t>(trace_.operations.size() / 2, 1); chunk > 0; chunk /= 2) {
      for (size_t end = trace_.operations.size(); end > 0;) {
        const size_t begin = end > chunk ? end - chunk : 0;
        Trace candidate = trace_;
        candidate.operations.erase(candidate.operations.begin() + static_cast<ptrdiff_t>(begin),
                                   candidate.operations.begin() + static_cast<ptrdiff_t>(end));
        progress = Try(std::move(candidate)) || progress;
        end = begin;
      }
    }
    return progress;
  }
  bool SimplifyOperations() {
    bool progress = false;
    for (size_t i = 0; i < trace_.operations.size(); ++i) {
      while (SimplifyOperation(i)) {
        progress = true;
      }
    }
    return progress;
  }
  bool SimplifyOperation(size_t i) {
    for (Operation& simpler : Simplifications(trace_.operations[i])) {
      Trace candidate = trace_;
      candidate.operations[i] = std::move(simpler);
      if (Try(std::move(candidate))) {
        return true;
      }
    }
    return false;
  }
  Names AllNames() const {
    Names all;
    for (const Operation& operation : trace_.operations) {
      const Names names = NamesOf(operation);
      all.keys.insert(names.keys.begin(), names.keys.end());
      all.namespaces.insert(names.namespaces.begin(), names.namespaces.end());
    }
    return all;
  }
  // Renames each key, everywhere, to one of the first that are not used yet.
  bool RenameKeys() {
    bool progress = false;
    for (const uint32_t from : AllNames().keys) {
      for (uint32_t to = 0; to < std::min(from, kFirstKeys); ++to) {
        Trace candidate = trace_;
        for (Operation& operation : candidate.operations) {
          operation = WithKeyRenamed(operation, from, to);
        }
        if (!AllNames().keys.contains(to) && Try(std::move(candidate))) {
          progress = true;
          break;
        }
      }
    }
    return progress;
  }
  bool RenameNamespaces() {
    bool progress = false;
    for (const NamespaceId from : AllNames().namespaces) {
      Trace candidate = trace_;
      for (Operation& operation : candidate.operations) {
        operation = WithNamespaceRenamed(operation, from, 0);
      }
      progress = (from != 0 && Try(std::move(candidate))) || progress;
    }
    return progress;
  }
  bool SimplifyConfiguration() {
    bool progress = false;
    const std::map<std::string, std::string> words = trace_.configuration;
    for (const auto& [word, value] : words) {
      Trace candidate = trace_;
      candidate.configuration.erase(word);
      progress = Try(std::move(candidate)) || progress;
    }
    return progress;
  }

  Trace trace_;
  const std::function<bool(const Trace&)>& fails_;
  size_t budget_;
};

}  // namespace

RunResult RunTrace(const Trace& trace, const DbOpener& open) {
  RunResult result;
  Configuration configuration;
  std::string error;
  if (!ConfigurationFromWords(trace.configuration, &configuration, &error)) {
    result.difference = error;
    result.where = "the configuration";
    return result;
  }
  const DeathWatch watch(trace);
  Session session(configuration, open, NamespacesOf(trace));
  result.where = "the first opening";
  result.difference = session.Begin();
  for (size_t i = 0; i < trace.operations.size() && result.ok(); ++i) {
    result.difference = session.Step(i, trace.operations[i]);
    if (!result.ok()) {
      result.where = Describe(trace, i);
    }
  }
  if (result.ok()) {
    result.where = "the end";
    result.difference = session.End();
  }
  result.marks = session.marks();
  result.fingerprint = session.Fingerprint();
  return result;
}

Trace Minimize(const Trace& trace, const std::function<bool(const Trace&)>& fails, size_t budget) {
  return Minimizer(trace, fails, budget).Run();
}

std::string WriteTraceFile(const Trace& trace, const std::string& name) {
  const std::string file = OutputDirectory() + "/failing-" + name + ".trace";
  std::ofstream(file, std::ios::binary) << PrintTrace(trace);
  return file;
}

std::string ReplayCommand(const std::string& file) { return "./dev replay " + file; }

Difference CheckTrace(const Trace& trace, const DbOpener& open) {
  if (RunTrace(trace, open).ok()) {
    return Agree();
  }
  const Trace smallest = Minimize(
      trace, [&open](const Trace& candidate) { return !RunTrace(candidate, open).ok(); },
      kMinimizeRuns);
  const RunResult result = RunTrace(smallest, open);
  const std::string file = WriteTraceFile(smallest, HashOf(smallest));
  return "at " + result.where + ":\n  " + result.difference.words() +
         "\nthe smallest trace that fails (" + std::to_string(smallest.operations.size()) + " of " +
         std::to_string(trace.operations.size()) + " operations):\n" + PrintTrace(smallest) +
         "replay: " + ReplayCommand(file) + "\n";
}

}  // namespace veralith::model
