// Which files of a database a recovery may believe: those that CURRENT leads to. What is in any
// other file of ours (a manifest that CURRENT does not name, a log or segment that its manifest
// does not name, the next CURRENT being written) must not be read, so it may be anything. (That it
// is there may be asked, and of a log whether it is empty.)
#ifndef VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_
#define VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_

#include <optional>
#include <set>
#include <string>

#include "core/fs/testing/simulated_file_system.h"

namespace veralith::model {

// Manifests, logs, segments and the next CURRENT: what is believed only when it is named.
bool IsBelievedWhenNamed(const std::string& name);

// Names of the logs and segments that any manifest in the directory names.
std::set<std::string> NamedByManifests(SimulatedFileSystem& disk, const std::string& directory);

// Names of the manifest that CURRENT names and of the logs and segments that this manifest names.
// Nothing when no CURRENT tells: then recovery may look at everything.
std::optional<std::set<std::string>> BelievedFiles(SimulatedFileSystem& disk,
                                                   const std::string& directory);

// Of a disk on which everything is durable: what recovery must not read becomes one fixed text, so
// that images which differ in nothing else are equal. (Not in an empty log, nor in a file with a
// second name.)
void CollapseUnbelieved(SimulatedFileSystem& disk, const std::string& directory);

}  // namespace veralith::model

#endif  // VERALITH_PROPERTY_TESTS_EXPLORATION_BELIEVED_FILES_H_
