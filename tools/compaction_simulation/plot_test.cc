// SPDX-License-Identifier: Apache-2.0

#include "tools/compaction_simulation/plot.h"

#include "gtest/gtest.h"

namespace veralith::simulation {
namespace {

TEST(Plot, IsOneSelfContainedPictureWithEveryLineAndName) {
  Plot plot{"Cost < price & value",
            "bytes",
            {{1, "1 GiB"}, {10, "10"}},
            {{"first", "#123456", false, {{1, 2}, {10, 9}}},
             {"second", "#654321", true, {{1, 2}, {10, 9}}}}};
  const std::string svg = DrawSvg(plot);
  EXPECT_TRUE(svg.starts_with("<svg xmlns"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  for (const char* part : {"Cost &lt; price &amp; value", ">first<", ">second<", ">1 GiB<",
                           "#123456", "stroke-dasharray", ">10<"}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg, DrawSvg(plot));
}

TEST(Plot, OfOnePointOrNoneHasNoNumbersThatAreNone) {
  for (const Line& line : {Line{"a", "#000", false, {{5, 0}}}, Line{"a", "#000", false, {}}}) {
    const std::string svg = DrawSvg({"t", "y", {}, {line}});
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
}

}  // namespace
}  // namespace veralith::simulation
