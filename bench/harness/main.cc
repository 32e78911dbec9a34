// SPDX-License-Identifier: Apache-2.0

// Runs benchmarks on one engine. Prints a line of JSON for each, as bench/README.md says.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/harness/bench.h"
#include "bench/harness/workloads.h"

namespace veralith::bench {
namespace {

constexpr const char* kUsage =
    "usage: <engine>_bench --db=DIR [--benchmarks=A,B,...] [FLAG...]\n"
    "\n"
    "Runs the benchmarks in turn on one database, and prints a line of JSON for each. Flags that\n"
    "db_bench has, too, are named as there. Sizes may end in K, M or G.\n"
    "\n"
    "  --db=DIR                  removed first, unless --use_existing_db=1\n"
    "  --benchmarks=A,B,...      see below (fillrandom,settle,readrandom,readseq)\n"
    "  --use_existing_db=0|1     keep what is in DIR; an earlier call left it (0)\n"
    "  --num=N                   entries (1000000)\n"
    "  --reads=N                 gets; a quarter as many seeks (as --num)\n"
    "  --key_size=16|60          decimal numbers, or long prefixes that many share (16)\n"
    "  --value_size=N            bytes, of which a codec halves them (100)\n"
    "  --cache_size=N            bytes (8M)\n"
    "  --write_buffer_size=N     bytes (64M)\n"
    "  --compression_type=fast|none   the engine's fast codec, or none (fast)\n"
    "  --seed=N                  another N draws other keys (0)\n"
    "\n"
    "Benchmarks:\n";

void PrintUsage(std::FILE* file) {
  std::fputs(kUsage, file);
  for (const Workload& workload : Workloads()) {
    std::fprintf(file, "  %-18s %s\n", std::string(workload.name).c_str(),
                 std::string(workload.what).c_str());
  }
  std::fputs("\nExit codes: 0; 2 wrong usage; 3 the engine failed or answered wrongly.\n", file);
}

struct Command {
  Settings settings;
  std::string benchmarks = "fillrandom,settle,readrandom,readseq";
  bool exists = false;
};

bool ParseSize(const std::string& text, uint64_t* size) {
  char* end = nullptr;
  *size = std::strtoull(text.c_str(), &end, 10);
  const std::string_view unit = end;
  const bool has_digits = end != text.c_str();
  *size <<= unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : 0;
  return has_digits && (unit.empty() || unit == "K" || unit == "M" || unit == "G");
}

// Returns false if the value is none that the flag takes.
using Setter = std::function<bool(Command*, const std::string& value)>;

Setter SizeOf(std::function<void(Command*, uint64_t)> set, uint64_t least) {
  return [set, least](Command* command, const std::string& value) {
    uint64_t size = 0;
    const bool good = ParseSize(value, &size) && size >= least;
    set(command, size);
    return good;
  };
}

const std::map<std::string, Setter>& Flags() {
  static const auto& flags = *new std::map<std::string, Setter>{
      {"--db", [](Command* c,
                  const std::string& v) { return !(c->settings.engine.directory = v).empty(); }},
      {"--benchmarks",
       [](Command* c, const std::string& v) { return !(c->benchmarks = v).empty(); }},
      {"--use_existing_db",
       [](Command* c, const std::string& v) {
         c->exists = v == "1";
         return v == "0" || v == "1";
       }},
      {"--compression_type",
       [](Command* c, const std::string& v) {
         c->settings.engine.compress = v == "fast";
         return v == "fast" || v == "none";
       }},
      {"--key_size",
       [](Command* c, const std::string& v) {
         c->settings.key_size = v == "60" ? 60 : 16;
         return v == "16" || v == "60";
       }},
      {"--num", SizeOf([](Command* c, uint64_t n) { c->settings.entries = n; }, 2)},
      {"--reads", SizeOf([](Command* c, uint64_t n) { c->settings.reads = n; }, 1)},
      {"--value_size", SizeOf([](Command* c, uint64_t n) { c->settings.value_size = n; }, 8)},
      {"--seed", SizeOf([](Command* c, uint64_t n) { c->settings.seed = n; }, 0)},
      {"--cache_size",
       SizeOf([](Command* c, uint64_t n) { c->settings.engine.cache_bytes = n; }, 0)},
      {"--write_buffer_size",
       SizeOf([](Command* c, uint64_t n) { c->settings.engine.write_buffer_bytes = n; }, 1)}};
  return flags;
}

bool Parse(int argc, char** argv, Command* command) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const auto flag = Flags().find(argument.substr(0, equals));
    if (equals == std::string::npos || flag == Flags().end() ||
        !flag->second(command, argument.substr(equals + 1))) {
      std::fprintf(stderr, "wrong flag %s\n", argv[i]);
      return false;
    }
  }
  return !command->settings.engine.directory.empty();
}

// Returns false if one is not known, and says which.
bool FindAll(const std::string& names, std::vector<const Workload*>* found) {
  for (size_t begin = 0; begin < names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    found->push_back(FindWorkload(name));
    if (found->back() == nullptr) {
      std::fprintf(stderr, "there is no benchmark %s\n", name.c_str());
      return false;
    }
    begin = end + 1;
  }
  return true;
}

int Main(int argc, char** argv) {
  if (argc == 2 && (std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "-h")) {
    PrintUsage(stdout);
    return 0;
  }
  Command command;
  std::vector<const Workload*> workloads;
  if (!Parse(argc, argv, &command) || !FindAll(command.benchmarks, &workloads)) {
    PrintUsage(stderr);
    return 2;
  }
  if (!command.exists) {
    std::filesystem::remove_all(command.settings.engine.directory);
  }
  Bench bench(command.settings, command.exists);
  for (const Workload* workload : workloads) {
    bench.Run(*workload);
  }
  bench.Close();
  return 0;
}

}  // namespace

void Die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(3);
}

}  // namespace veralith::bench

int main(int argc, char** argv) { return veralith::bench::Main(argc, argv); }
