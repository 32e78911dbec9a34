// SPDX-License-Identifier: Apache-2.0

// A plot of lines over a logarithmic axis, as one SVG file that needs nothing else.
#ifndef VERALITH_TOOLS_COMPACTION_SIMULATION_PLOT_H_
#define VERALITH_TOOLS_COMPACTION_SIMULATION_PLOT_H_

#include <string>
#include <utility>
#include <vector>

namespace veralith::simulation {

struct Line {
  std::string name;
  std::string color;  // as SVG writes it
  bool dashed = false;
  std::vector<std::pair<double, double>> points;  // x > 0, ascending
};

struct Plot {
  std::string title;
  std::string y_label;
  std::vector<std::pair<double, std::string>> x_marks;
  std::vector<Line> lines;
};

std::string DrawSvg(const Plot& plot);

}  // namespace veralith::simulation

#endif  // VERALITH_TOOLS_COMPACTION_SIMULATION_PLOT_H_
