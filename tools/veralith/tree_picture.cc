// SPDX-License-Identifier: Apache-2.0

#include "tools/veralith/tree_picture.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "core/base/text.h"
#include "core/format/key_range.h"
#include "core/manifest/file_names.h"
#include "tools/progress.h"

namespace veralith::tools {
namespace {

constexpr double kPageWidth = 1200;
constexpr double kNameWidth = 150;  // of the names of runs, at the left
constexpr double kLeastBox = 4;     // pixels
constexpr double kBoxHeight = 22;
constexpr double kAgeHeight = 4;
constexpr double kRowHeight = 36;
constexpr int kColumns = 400;  // of the small picture

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  std::string trimmed = text;
  return trimmed.ends_with(".0") ? trimmed.substr(0, trimmed.size() - 2) : trimmed;
}

// Returns a colour between two others, `share` of the way.
std::string Mixed(const std::array<int, 3>& from, const std::array<int, 3>& to, double share) {
  std::array<int, 3> mixed = {};
  for (size_t i = 0; i < 3; ++i) {
    mixed[i] = from[i] + static_cast<int>((to[i] - from[i]) * std::clamp(share, 0.0, 1.0));
  }
  char text[16];
  std::snprintf(text, sizeof(text), "#%02x%02x%02x", mixed[0], mixed[1], mixed[2]);
  return text;
}

constexpr std::array<int, 3> kLiving = {0x9c, 0xc5, 0xe8};
constexpr std::array<int, 3> kDead = {0xc9, 0x3a, 0x2b};
constexpr std::array<int, 3> kOld = {0x3b, 0x2f, 0x5b};
constexpr std::array<int, 3> kNew = {0xf7, 0xd1, 0x4a};
constexpr std::array<int, 3> kEmpty = {0xff, 0xff, 0xff};
constexpr std::array<int, 3> kFull = {0x1b, 0x4f, 0x80};

double DeadShare(const FileMeta& file) {
  const double all = static_cast<double>(file.entries + file.range_tombstones);
  const double dead =
      static_cast<double>(file.tombstones + file.superseded + file.range_tombstones);
  return all > 0 ? dead / all : 0;
}

std::string Percent(double share) { return Number(share * 100) + " %"; }

std::string UpperText(const KeyBound& bound) {
  switch (bound.kind) {
    case KeyBound::Kind::kInclusive:
      return StrCat(bound.ns, ":", QuoteKey(bound.key), "]");
    case KeyBound::Kind::kExclusive:
      return StrCat(bound.ns, ":", QuoteKey(bound.key), ")");
    case KeyBound::Kind::kNamespaceEnd:
      return StrCat(bound.ns, ": to its end]");
  }
  return "?";
}

// The positions of lower and upper bounds among all lower bounds.
class Axis {
 public:
  explicit Axis(const Version& version) {
    for (int level = 0; level < kLevels; ++level) {
      for (const Run& run : version.runs(level)) {
        for (const FileRef& file : run.files) {
          lowers_.push_back({file->smallest_ns, file->smallest_key});
        }
      }
    }
    std::sort(lowers_.begin(), lowers_.end());
    lowers_.erase(std::unique(lowers_.begin(), lowers_.end()), lowers_.end());
  }
  size_t steps() const { return std::max<size_t>(1, lowers_.size()); }
  size_t LowerOf(const FileMeta& file) const {
    const std::pair<NamespaceId, std::string> lower{file.smallest_ns, file.smallest_key};
    return static_cast<size_t>(std::lower_bound(lowers_.begin(), lowers_.end(), lower) -
                               lowers_.begin());
  }
  // Returns the first lower bound after the file; at least one step further.
  size_t UpperOf(const FileMeta& file) const {
    const auto end = std::partition_point(lowers_.begin(), lowers_.end(), [&](const auto& lower) {
      return IsWithin(lower.first, lower.second, file.largest);
    });
    return std::max(LowerOf(file) + 1, static_cast<size_t>(end - lowers_.begin()));
  }

 private:
  std::vector<std::pair<NamespaceId, std::string>> lowers_;
};

struct Ages {
  Timestamp oldest = kMaxTimestamp;
  Timestamp newest = 0;

  explicit Ages(const Version& version) {
    for (int level = 0; level < kLevels; ++level) {
      for (const Run& run : version.runs(level)) {
        for (const FileRef& file : run.files) {
          oldest = std::min(oldest, file->max_ts);
          newest = std::max(newest, file->max_ts);
        }
      }
    }
  }
  // Returns 0 for the oldest file, 1 for the newest.
  double Youth(const FileMeta& file) const {
    return newest > oldest
               ? static_cast<double>(file.max_ts - oldest) / static_cast<double>(newest - oldest)
               : 1;
  }
};

std::string RunName(int level, const Run& run, size_t runs) {
  std::string name = StrCat("level ", level);
  if (runs > 1 || run.id != 0) {
    name += StrCat(", run ", run.id);
  }
  return name;
}

class Page {
 public:
  Page(const Version& version, const TreePicture& picture)
      : version_(version), picture_(picture), axis_(version), ages_(version) {}

  std::string Draw() {
    const std::string title = Escaped(picture_.title);
    out_ = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>" +
           title +
           "</title>\n<style>\n"
           "body { font-family: sans-serif; font-size: 14px; margin: 24px; color: #222; }\n"
           "table { border-collapse: collapse; margin: 12px 0 24px; }\n"
           "th, td { padding: 3px 12px; text-align: right; border-bottom: 1px solid #ddd; }\n"
           ".scroll { overflow-x: auto; border: 1px solid #ddd; }\n"
           "rect.f:hover { stroke: #000; stroke-width: 1.5; }\n"
           "</style>\n</head>\n<body>\n<h1>" +
           title + "</h1>\n";
    for (const std::string& note : picture_.notes) {
      out_ += "<p>" + Escaped(note) + "</p>\n";
    }
    Table();
    out_ +=
        "<h2>The whole tree</h2>\n<p>A band per run, newest first; from left to right the order "
        "of keys. The darker, the more of the keys there lie in the run's files.</p>\n";
    Overview();
    out_ +=
        "<h2>Every file</h2>\n<p>Colour: " + Swatch(Mixed(kLiving, kDead, 0)) +
        " nothing dead to " + Swatch(Mixed(kLiving, kDead, 1)) +
        " tombstones and superseded entries only. Strip below: " + Swatch(Mixed(kOld, kNew, 1)) +
        " the newest to " + Swatch(Mixed(kOld, kNew, 0)) +
        " the oldest file. Point at a file to read its bounds, sizes and times.</p>\n";
    Files();
    return out_ + "</body>\n</html>\n";
  }

 private:
  static std::string Swatch(const std::string& color) {
    return "<span style=\"display:inline-block;width:12px;height:12px;background:" + color +
           "\"></span>";
  }

  void Table() {
    out_ += "<table>\n<tr><th>level</th><th>runs</th><th>files</th><th>bytes</th><th>entries</th>"
            "<th>tombstones</th><th>superseded</th><th>range tombstones</th></tr>\n";
    for (int level = 0; level < kLevels; ++level) {
      FileMeta sum;
      for (const Run& run : version_.runs(level)) {
        for (const FileRef& file : run.files) {
          sum.bytes += file->bytes;
          sum.entries += file->entries;
          sum.tombstones += file->tombstones;
          sum.superseded += file->superseded;
          sum.range_tombstones += file->range_tombstones;
        }
      }
      if (version_.FileCount(level) > 0) {
        const double entries = std::max<double>(1, static_cast<double>(sum.entries));
        out_ += StrCat("<tr><td>", level, "</td><td>", version_.runs(level).size(), "</td><td>",
                       Grouped(version_.FileCount(level)), "</td><td>", HumanBytes(sum.bytes),
                       "</td><td>", Grouped(sum.entries), "</td><td>",
                       Percent(static_cast<double>(sum.tombstones) / entries), "</td><td>",
                       Percent(static_cast<double>(sum.superseded) / entries), "</td><td>",
                       Grouped(sum.range_tombstones), "</td></tr>\n");
      }
    }
    out_ += "</table>\n";
  }

  size_t Rows() const {
    size_t rows = 0;
    for (int level = 0; level < kLevels; ++level) {
      rows += version_.runs(level).size();
    }
    return rows;
  }

  void BeginSvg(double width, double height) {
    out_ += "<div class=\"scroll\"><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
            Number(width) + "\" height=\"" + Number(height) +
            "\" font-family=\"sans-serif\" font-size=\"12\">\n";
  }
  void RowName(double y, int level, const Run& run) {
    out_ += "<text x=\"4\" y=\"" + Number(y) + "\">" +
            RunName(level, run, version_.runs(level).size()) + "</text>\n";
  }

  // Returns for each column the share of its steps that some file of the run covers.
  std::vector<double> Coverage(const Run& run) const {
    std::vector<double> covered(kColumns, 0);
    const double per_step = static_cast<double>(kColumns) / static_cast<double>(axis_.steps());
    for (const FileRef& file : run.files) {
      const double begin = static_cast<double>(axis_.LowerOf(*file)) * per_step;
      const double end = static_cast<double>(axis_.UpperOf(*file)) * per_step;
      for (auto i = static_cast<size_t>(begin); i < kColumns && static_cast<double>(i) < end; ++i) {
        const auto column = static_cast<double>(i);
        covered[i] += std::min(end, column + 1) - std::max(begin, column);
      }
    }
    return covered;
  }

  void Overview() {
    constexpr double kHeight = 18;
    const double step = (kPageWidth - kNameWidth) / kColumns;
    BeginSvg(kPageWidth, kHeight * static_cast<double>(Rows()) + 8);
    double y = 4;
    for (int level = 0; level < kLevels; ++level) {
      for (const Run& run : version_.runs(level)) {
        RowName(y + 12, level, run);
        const std::vector<double> covered = Coverage(run);
        for (size_t begin = 0; begin < covered.size();) {
          size_t end = begin + 1;
          while (end < covered.size() && covered[end] == covered[begin]) {
            ++end;
          }
          if (covered[begin] > 0) {
            out_ += "<rect x=\"" + Number(kNameWidth + static_cast<double>(begin) * step) +
                    "\" y=\"" + Number(y) + "\" width=\"" +
                    Number(static_cast<double>(end - begin) * step) + "\" height=\"" +
                    Number(kHeight - 4) + "\" fill=\"" + Mixed(kEmpty, kFull, covered[begin]) +
                    "\"/>\n";
          }
          begin = end;
        }
        y += kHeight;
      }
    }
    out_ += "</svg></div>\n";
  }

  void Files() {
    const double width =
        std::max(kPageWidth - kNameWidth, kLeastBox * static_cast<double>(axis_.steps()));
    step_ = width / static_cast<double>(axis_.steps());
    BeginSvg(kNameWidth + width + 8, kRowHeight * static_cast<double>(Rows()) + 8);
    double y = 6;
    for (int level = 0; level < kLevels; ++level) {
      for (const Run& run : version_.runs(level)) {
        RowName(y + 16, level, run);
        for (const FileRef& file : run.files) {
          Box(*file, level, y);
        }
        y += kRowHeight;
      }
    }
    out_ += "</svg></div>\n";
  }

  void Box(const FileMeta& file, int level, double y) {
    const std::string x = Number(kNameWidth + static_cast<double>(axis_.LowerOf(file)) * step_);
    const std::string width =
        Number(static_cast<double>(axis_.UpperOf(file) - axis_.LowerOf(file)) * step_ - 0.6);
    const std::string title = StrCat(
        SegmentFileName(file.number), ", level ", level, "\nfrom ", file.smallest_ns, ":",
        QuoteKey(file.smallest_key), "\nto ", UpperText(file.largest), "\n", HumanBytes(file.bytes),
        ", ", Grouped(file.entries), " entries, ", Grouped(file.tombstones), " tombstones, ",
        Grouped(file.superseded), " superseded, ", Grouped(file.range_tombstones),
        " range tombstones\ntimestamps ", file.min_ts, " to ", file.max_ts);
    out_ += "<rect class=\"f\" x=\"" + x + "\" y=\"" + Number(y) + "\" width=\"" + width +
            "\" height=\"" + Number(kBoxHeight) + "\" fill=\"" +
            Mixed(kLiving, kDead, DeadShare(file)) + "\"><title>" + Escaped(title) +
            "</title></rect><rect x=\"" + x + "\" y=\"" + Number(y + kBoxHeight + 1) +
            "\" width=\"" + width + "\" height=\"" + Number(kAgeHeight) + "\" fill=\"" +
            Mixed(kOld, kNew, ages_.Youth(file)) + "\"/>\n";
  }

  const Version& version_;
  const TreePicture& picture_;
  const Axis axis_;
  const Ages ages_;
  double step_ = 1;
  std::string out_;
};

}  // namespace

std::string DrawTree(const Version& version, const TreePicture& picture) {
  return Page(version, picture).Draw();
}

}  // namespace veralith::tools
