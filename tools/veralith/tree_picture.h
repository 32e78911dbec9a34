// SPDX-License-Identifier: Apache-2.0

// A version of the tree as one HTML page that needs nothing else: no script, no font, no image from
// elsewhere.
//
// What it shows
//   1. A table of the levels: runs, files, bytes, entries, share of tombstones.
//   2. The whole tree at the width of a page: a band per run, newest first, cut into columns of the
//      key space; the darker, the more of the column's keys the run holds.
//   3. Every file as a box from its first to its last key, coloured by its share of tombstones and
//      superseded entries, over a strip coloured by age (the newest entry in it). Its name, bounds,
//      sizes and times are in the box's tooltip. The drawing is as wide as it must be for the
//      smallest box to be seen and pointed at, and scrolls.
// The horizontal axis is the order of keys, not a distance: the bounds of files stand at equal
// steps.
//
// A pure function: same version, same bytes. A page costs about 450 bytes per file.
#ifndef VERALITH_TOOLS_VERALITH_TREE_PICTURE_H_
#define VERALITH_TOOLS_VERALITH_TREE_PICTURE_H_

#include <string>
#include <vector>

#include "core/manifest/version.h"

namespace veralith::tools {

struct TreePicture {
  std::string title;
  // Lines under the title, as they are.
  std::vector<std::string> notes;
};

std::string DrawTree(const Version& version, const TreePicture& picture);

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_TREE_PICTURE_H_
