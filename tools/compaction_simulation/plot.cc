// SPDX-License-Identifier: Apache-2.0

#include "tools/compaction_simulation/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace veralith::simulation {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 400;
constexpr double kLeft = 56;
constexpr double kRight = 170;  // room for names
constexpr double kTop = 40;
constexpr double kBottom = 40;

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", value);
  std::string trimmed = text;
  return trimmed.ends_with(".0") ? trimmed.substr(0, trimmed.size() - 2) : trimmed;
}

std::string Escaped(const std::string& text) {
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
      default:
        out += c;
    }
  }
  return out;
}

// Returns a round step that gives about six marks.
double StepOf(double most) {
  const double magnitude = std::pow(10, std::floor(std::log10(std::max(most, 1e-9) / 6)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (most / (factor * magnitude) <= 6) {
      return factor * magnitude;
    }
  }
  return 10 * magnitude;
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot) {
    for (const Line& line : plot.lines) {
      for (const auto& [x, y] : line.points) {
        least_x_ = std::min(least_x_, x);
        most_x_ = std::max(most_x_, x);
        most_y_ = std::max(most_y_, y);
      }
    }
    step_ = StepOf(most_y_);
    most_y_ = std::max(step_, std::ceil(most_y_ / step_) * step_);
  }

  std::string Draw() {
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Number(kWidth) + "\" height=\"" +
           Number(kHeight) + "\" viewBox=\"0 0 " + Number(kWidth) + " " + Number(kHeight) +
           "\" font-family=\"sans-serif\" font-size=\"12\">\n"
           "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    Text(kLeft, 20, "start", plot_.title, "font-weight=\"bold\" font-size=\"14\"");
    Axes();
    std::vector<double> taken;
    for (const Line& line : plot_.lines) {
      Polyline(line, &taken);
    }
    return out_ + "</svg>\n";
  }

 private:
  double X(double x) const {
    const double span = std::max(1e-9, std::log(most_x_) - std::log(least_x_));
    return kLeft + (kWidth - kLeft - kRight) * (std::log(x) - std::log(least_x_)) / span;
  }
  double Y(double y) const { return kHeight - kBottom - (kHeight - kTop - kBottom) * y / most_y_; }

  void Text(double x, double y, const char* anchor, const std::string& text,
            const std::string& more = "") {
    out_ += "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" text-anchor=\"" + anchor +
            "\" " + more + ">" + Escaped(text) + "</text>\n";
  }
  void Rule(double x1, double y1, double x2, double y2) {
    out_ += "<line x1=\"" + Number(x1) + "\" y1=\"" + Number(y1) + "\" x2=\"" + Number(x2) +
            "\" y2=\"" + Number(y2) + "\" stroke=\"#ddd\"/>\n";
  }
  void Axes() {
    for (double y = 0; y <= most_y_ + step_ / 2; y += step_) {
      Rule(kLeft, Y(y), kWidth - kRight, Y(y));
      Text(kLeft - 6, Y(y) + 4, "end", Number(y));
    }
    for (const auto& [x, name] : plot_.x_marks) {
      Rule(X(x), kTop, X(x), kHeight - kBottom);
      Text(X(x), kHeight - kBottom + 16, "middle", name);
    }
    Text(kLeft - 40, kTop - 8, "start", plot_.y_label, "fill=\"#555\"");
  }
  // Names stand at the right end, apart from each other.
  void Polyline(const Line& line, std::vector<double>* taken) {
    if (line.points.empty()) {
      return;
    }
    out_ += "<polyline fill=\"none\" stroke=\"" + line.color + "\" stroke-width=\"2\"" +
            (line.dashed ? " stroke-dasharray=\"5 4\" opacity=\"0.7\"" : "") + " points=\"";
    for (const auto& [x, y] : line.points) {
      out_ += Number(X(x)) + "," + Number(Y(y)) + " ";
    }
    out_ += "\"/>\n";
    double y = Y(line.points.back().second) + 4;
    while (std::any_of(taken->begin(), taken->end(),
                       [&](double other) { return std::abs(other - y) < 13; })) {
      y -= 1;
    }
    taken->push_back(y);
    Text(X(line.points.back().first) + 6, y, "start", line.name, "fill=\"" + line.color + "\"");
  }

  const Plot& plot_;
  double least_x_ = 1e300;
  double most_x_ = 1e-300;
  double most_y_ = 0;
  double step_ = 1;
  std::string out_;
};

}  // namespace

std::string DrawSvg(const Plot& plot) { return Drawing(plot).Draw(); }

}  // namespace veralith::simulation
