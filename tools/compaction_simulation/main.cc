// SPDX-License-Identifier: Apache-2.0

// compaction_simulation: what the compaction policies cost, from 1 GiB to 10 TiB, without any data.
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/option_mapping.h"
#include "tools/compaction_simulation/measure.h"
#include "tools/compaction_simulation/plot.h"
#include "veralith/options.h"

namespace veralith::simulation {
namespace {

constexpr const char* kUsage =
    "usage: compaction_simulation [--out=DIR] [--least=SIZE] [--most=SIZE]\n"
    "                             [OPTION=VALUE...]\n"
    "       compaction_simulation --draw=CSV --out=DIR\n\n"
    "Drives the three compaction policies with uniform, skewed and sequential overwrites at sizes\n"
    "from 1 GiB to 10 TiB (or SIZEs in GiB) and prints a CSV line for each: write amplification,\n"
    "files that a lookup asks, space. With --out, also writes simulation.csv and three plots\n"
    "there; --draw draws the plots of lines printed before.\n\n"
    "Options of the engine to try instead of its defaults: --level0_trigger_runs,\n"
    "--level0_garbage_percent, --tier_trigger_runs, --level_base_mib, --level_multiplier,\n"
    "--dynamic (0 or 1), --tier_max_space_percent, --file_mib, --memtable_mib;\n"
    "--most_writes=N to measure over N times the data at most, instead of 6;\n"
    "--policy=leveled|hybrid|tiered and --load=uniform|skewed|sequential to measure one only.\n";

constexpr LargeLoad kLoads[] = {LargeLoad::kUniform, LargeLoad::kSkewed, LargeLoad::kSequential};
constexpr uint64_t kGib = uint64_t{1} << 30;
constexpr uint64_t kSizes[] = {1, 3, 10, 30, 100, 300, 1024, 3072, 10240};

struct Flags {
  std::string out;
  std::string draw;
  uint64_t least_gib = 1;
  uint64_t most_gib = 10240;
  std::string policy;
  std::string load;
  std::vector<std::function<void(Case&)>> changes;  // relative to the default

  Case CaseOf(CompactionPolicyKind policy) const {
    Case subject;
    subject.policy = policy;
    Options options;
    options.compaction_policy = policy;
    subject.options = ToCompactionOptions(options, 1);
    for (const auto& change : changes) {
      change(subject);
    }
    return subject;
  }
};

using Change = void (*)(Case&, uint64_t);

// By the names of flags.
const std::map<std::string_view, Change>& Changes() {
  static const auto& changes = *new std::map<std::string_view, Change>{
      {"--level0_trigger_runs",
       [](Case& c, uint64_t n) { c.options.level0_trigger_runs = static_cast<int>(n); }},
      {"--level0_garbage_percent",
       [](Case& c, uint64_t n) { c.options.level0_garbage_percent = static_cast<int>(n); }},
      {"--tier_trigger_runs",
       [](Case& c, uint64_t n) { c.options.tier_trigger_runs = static_cast<int>(n); }},
      {"--level_base_mib", [](Case& c, uint64_t n) { c.options.level_base_bytes = n << 20; }},
      {"--level_multiplier",
       [](Case& c, uint64_t n) { c.options.level_multiplier = static_cast<int>(n); }},
      {"--dynamic", [](Case& c, uint64_t n) { c.options.dynamic_level_targets = n != 0; }},
      {"--tier_max_space_percent",
       [](Case& c, uint64_t n) { c.options.tier_max_space_percent = static_cast<int>(n); }},
      {"--file_mib", [](Case& c, uint64_t n) { c.options.target_file_bytes = n << 20; }},
      {"--memtable_mib", [](Case& c, uint64_t n) { c.memtable_bytes = n << 20; }},
      {"--most_writes", [](Case& c, uint64_t n) { c.most_writes = n; }},
      {"--most_files", [](Case& c, uint64_t n) { c.most_files = n; }},
  };
  return changes;
}

bool ParseNumber(std::string_view text, uint64_t* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size();
}

bool ParseFlag(std::string_view argument, Flags* flags) {
  const size_t equals = std::min(argument.find('='), argument.size() - 1);
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "--out") {
    flags->out = value;
    return true;
  }
  if (name == "--draw") {
    flags->draw = value;
    return true;
  }
  if (name == "--policy" || name == "--load") {
    (name == "--policy" ? flags->policy : flags->load) = value;
    return true;
  }
  uint64_t number = 0;
  if (!ParseNumber(value, &number)) {
    return false;
  }
  if (name == "--most" || name == "--least") {
    (name == "--most" ? flags->most_gib : flags->least_gib) = number;
    return true;
  }
  const auto change = Changes().find(name);
  if (change == Changes().end()) {
    return false;
  }
  flags->changes.push_back([apply = change->second, number](Case& c) { apply(c, number); });
  return true;
}

struct Row {
  Case subject;
  Costs costs;
  Theory theory;
};

const char* Header() {
  return "policy,load,data_gib,write_amplification,write_least,write_most,lookup_files,"
         "lookup_files_most_seen,lookup_files_most,space_amplification,space_most_seen,space_most,"
         "level0_runs_most_seen,largest_job_mib,jobs,writes_measured\n";
}

std::string CsvLine(const Row& row) {
  char text[320];
  std::snprintf(text, sizeof(text),
                "%s,%s,%" PRIu64 ",%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.3f,%.3f,%.3f,%" PRIu64
                ",%" PRIu64 ",%" PRIu64 ",%.2f\n",
                std::string(PolicyName(row.subject.policy)).c_str(),
                std::string(LoadName(row.subject.load)).c_str(), row.subject.data_bytes / kGib,
                row.costs.write, row.theory.least_write, row.theory.most_write,
                row.costs.lookup_files, row.costs.most_lookup_files, row.theory.most_lookup_files,
                row.costs.space, row.costs.most_space, row.theory.most_space,
                row.costs.most_level0_runs, row.costs.largest_job_bytes >> 20, row.costs.jobs,
                row.costs.measured_writes);
  return text;
}

// Parses what CsvLine wrote, as far as plots need it; returns nothing for other lines, or the
// header.
std::optional<Row> ParseCsvLine(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    c == ',' ? cells.emplace_back() : cells.back() += c;
  }
  if (cells.size() != 16) {
    return std::nullopt;
  }
  for (const CompactionPolicyKind policy : kCompactionPolicyKinds) {
    for (const LargeLoad load : kLoads) {
      if (cells[0] == PolicyName(policy) && cells[1] == LoadName(load)) {
        Row row;
        row.subject.policy = policy;
        row.subject.load = load;
        row.subject.data_bytes = std::strtoull(cells[2].c_str(), nullptr, 10) * kGib;
        const auto number = [&](size_t i) { return std::strtod(cells[i].c_str(), nullptr); };
        row.costs.write = number(3);
        row.costs.lookup_files = number(6);
        row.costs.space = number(9);
        row.theory = {number(4), number(5), number(8), number(11)};
        return row;
      }
    }
  }
  return std::nullopt;
}

constexpr const char* kColors[] = {"#1b6ca8", "#c0562f", "#3a8a3d"};

// Makes one line per policy and, dashed, one for what theory says.
Plot PlotOf(const std::vector<Row>& rows, const char* title, const char* label,
            double (*measured)(const Row&), double (*theory)(const Row&), const char* bound) {
  Plot plot{title,
            label,
            {{1, "1 GiB"}, {10, "10"}, {100, "100"}, {1024, "1 TiB"}, {10240, "10 TiB"}},
            {}};
  for (size_t i = 0; i < std::size(kCompactionPolicyKinds); ++i) {
    Line line{std::string(PolicyName(kCompactionPolicyKinds[i])), kColors[i], false, {}};
    Line dashed{
        std::string(PolicyName(kCompactionPolicyKinds[i])) + ", " + bound, kColors[i], true, {}};
    for (const Row& row : rows) {
      if (row.subject.policy == kCompactionPolicyKinds[i] &&
          row.subject.load == LargeLoad::kUniform) {
        const auto x = static_cast<double>(row.subject.data_bytes / kGib);
        line.points.emplace_back(x, measured(row));
        dashed.points.emplace_back(x, theory(row));
      }
    }
    plot.lines.push_back(std::move(line));
    plot.lines.push_back(std::move(dashed));
  }
  return plot;
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  if (!stream) {
    std::fprintf(stderr, "compaction_simulation: cannot write %s\n", path.c_str());
  }
  return static_cast<bool>(stream);
}

bool WriteFiles(const std::string& directory, const std::string& csv,
                const std::vector<Row>& rows) {
  const Plot write = PlotOf(
      rows, "Write amplification, uniform overwrites", "bytes written per byte of user data",
      [](const Row& row) { return row.costs.write; },
      [](const Row& row) { return row.theory.most_write; }, "at most");
  const Plot lookup = PlotOf(
      rows, "Files that a lookup asks without filters", "files",
      [](const Row& row) { return row.costs.lookup_files; },
      [](const Row& row) { return row.theory.most_lookup_files; }, "at most");
  const Plot space = PlotOf(
      rows, "Space amplification, uniform overwrites", "bytes kept per byte of live data",
      [](const Row& row) { return row.costs.space; },
      [](const Row& row) { return row.theory.most_space; }, "at most");
  return Write(directory + "/simulation.csv", csv) &&
         Write(directory + "/write_amplification.svg", DrawSvg(write)) &&
         Write(directory + "/lookup_files.svg", DrawSvg(lookup)) &&
         Write(directory + "/space_amplification.svg", DrawSvg(space));
}

int Draw(const Flags& flags) {
  std::ifstream stream(flags.draw);
  std::string csv = Header();
  std::vector<Row> rows;
  for (std::string line; std::getline(stream, line);) {
    if (std::optional<Row> row = ParseCsvLine(line); row.has_value()) {
      csv += line + "\n";
      rows.push_back(*std::move(row));
    }
  }
  if (rows.empty() || flags.out.empty()) {
    std::fprintf(stderr, "compaction_simulation: %s holds no lines of a simulation, or no --out\n",
                 flags.draw.c_str());
    return 2;
  }
  return WriteFiles(flags.out, csv, rows) ? 0 : 3;
}

int Run(const Flags& flags) {
  if (!flags.draw.empty()) {
    return Draw(flags);
  }
  std::vector<Row> rows;
  std::string csv = Header();
  std::fputs(Header(), stdout);
  for (const LargeLoad load : kLoads) {
    for (const CompactionPolicyKind policy : kCompactionPolicyKinds) {
      for (const uint64_t gib : kSizes) {
        if (gib < flags.least_gib || gib > flags.most_gib ||
            (!flags.policy.empty() && flags.policy != PolicyName(policy)) ||
            (!flags.load.empty() && flags.load != LoadName(load))) {
          continue;
        }
        Row row{flags.CaseOf(policy), {}, {}};
        row.subject.load = load;
        row.subject.data_bytes = gib * kGib;
        row.costs = Measure(row.subject);
        row.theory = Expected(row.subject);
        if (!row.costs.problem.empty()) {
          std::fprintf(stderr, "compaction_simulation: %s\n", row.costs.problem.c_str());
          return 1;
        }
        csv += CsvLine(row);
        std::fputs(CsvLine(row).c_str(), stdout);
        std::fflush(stdout);
        rows.push_back(row);
      }
    }
  }
  return flags.out.empty() || WriteFiles(flags.out, csv, rows) ? 0 : 3;
}

}  // namespace
}  // namespace veralith::simulation

int main(int argc, char** argv) {
  veralith::simulation::Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || !veralith::simulation::ParseFlag(argument, &flags)) {
      std::fputs(veralith::simulation::kUsage, argument == "--help" ? stdout : stderr);
      return argument == "--help" ? 0 : 2;
    }
  }
  return veralith::simulation::Run(flags);
}
