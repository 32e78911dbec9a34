// SPDX-License-Identifier: Apache-2.0

// The files of a database that a recovery may believe: those to which CURRENT leads. Any other file
// of ours (a manifest that CURRENT does not name, a log or segment that its manifest does not name,
// the next CURRENT being written) must not be read, so its contents may be anything. (A recovery
// may ask whether it exists, and whether a log is empty.)
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_

#include <optional>
#include <set>
#include <string>

#include "veralith/testing/simulated_file_system.h"

namespace veralith::model {

// True for manifests, logs, segments and the next CURRENT: they are believed only when named.
bool IsBelievedWhenNamed(const std::string& name);

// Returns the names of the logs and segments that any manifest in the directory names.
std::set<std::string> NamedByManifests(SimulatedFileSystem& disk, const std::string& directory);

// Returns the names of the manifest that CURRENT names and of the logs and segments that this
// manifest names. Returns nothing if there is no CURRENT: then recovery may read everything.
std::optional<std::set<std::string>> BelievedFiles(SimulatedFileSystem& disk,
                                                   const std::string& directory);

// For a disk on which everything is durable: gives all files that recovery must not read one fixed
// text, so that images that differ in nothing else are equal. (Leaves out empty logs, and files
// with a second name.)
void CollapseUnbelieved(SimulatedFileSystem& disk, const std::string& directory);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_
