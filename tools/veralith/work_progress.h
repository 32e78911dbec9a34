// SPDX-License-Identifier: Apache-2.0

// Progress of a command whose work the database does by itself: how much has been written, seen
// from outside. A thread looks at the directories up to ten times a second. So it also shows the
// middle of one long compaction, what opening writes, and what a checkpoint copies.
//
// Shows nothing unless standard error is a terminal or --progress is given, and nothing with
// --quiet.
//
// Thread rule: one thread.
#ifndef VERALITH_TOOLS_VERALITH_WORK_PROGRESS_H_
#define VERALITH_TOOLS_VERALITH_WORK_PROGRESS_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tools/progress.h"
#include "tools/veralith/arguments.h"

namespace veralith::tools {

class WorkProgress {
 public:
  struct Work {
    std::string what;
    std::string directory;
    std::string target = {};      // a directory that will be made; empty: none
    bool reads_segments = false;  // or only what logs hold
  };

  // --progress and --quiet.
  static std::vector<Flag> Flags();

  // Notes what exists and begins to look. Call it before the database is opened.
  WorkProgress(Work work, const Arguments& arguments);
  ~WorkProgress();  // Finish(false)
  WorkProgress(const WorkProgress&) = delete;
  WorkProgress& operator=(const WorkProgress&) = delete;

  // Ends the line; if the work has succeeded, shows all of it as done.
  void Finish(bool success);

 private:
  // Adds up the bytes of segments that are new since the beginning.
  void Look();
  void AddNewSegments(const std::string& directory, const std::set<std::string>& old);
  void Loop();

  const Work work_;
  const std::string neighbours_;  // where the target will be
  std::set<std::string> old_segments_;
  std::set<std::string> old_neighbours_;
  uint64_t total_ = 0;
  uint64_t done_ = 0;
  std::map<std::string, uint64_t> new_bytes_;  // name -> most seen; includes files that are gone
  std::unique_ptr<Progress> line_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = true;
  std::thread thread_;
};

}  // namespace veralith::tools

#endif  // VERALITH_TOOLS_VERALITH_WORK_PROGRESS_H_
