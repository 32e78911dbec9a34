// SPDX-License-Identifier: Apache-2.0

// Programs over the table of open files that more than one test explores.
#ifndef VERALITH_CORE_FS_TESTING_FILE_TABLE_PROGRAMS_H_
#define VERALITH_CORE_FS_TESTING_FILE_TABLE_PROGRAMS_H_

#include <array>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/sync.h"
#include "core/base/testing/explorer.h"
#include "core/fs/file_table.h"
#include "core/fs/testing/intercepted_file_system.h"
#include "veralith/file_system.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {

// Notices a file that is closed, or destroyed, while it is read.
class WatchedFiles final : public InterceptedFileSystem {
 public:
  WatchedFiles(FileSystem* base, Explored& run) : InterceptedFileSystem(base), run_(run) {}

 private:
  struct Watch {
    ~Watch() { CheckUnread(); }
    void CheckUnread() { run.Check(reads.Load() == 0, "a file was closed under its reader"); }

    Explored& run;
    Atomic<int> reads{0};
  };
  static Watch& WatchOf(const Call& call) { return *static_cast<Watch*>(call.file->get()); }

  absl::Status Before(const Call& call) override {
    if (call.kind == FsCall::kRead) {
      WatchOf(call).reads.FetchAdd(1);
    } else if (call.kind == FsCall::kClose) {
      WatchOf(call).CheckUnread();
    }
    return absl::OkStatus();
  }
  void After(const Call& call, const absl::Status&) override {
    if (call.kind == FsCall::kRead) {
      WatchOf(call).reads.FetchSub(1);
    } else if (call.kind == FsCall::kOpen) {
      *call.file = std::shared_ptr<Watch>(new Watch{run_});
    }
  }

  Explored& run_;
};

// One file may be open, two are read.
inline ExploredProgram ReadTwoFilesOfATableOfOne() {
  return [](Explored& run) {
    SimulatedFileSystem disk;
    WatchedFiles fs(&disk, run);
    const auto table = std::make_shared<FileTable>(&fs, 1);
    std::array<std::unique_ptr<File>, 2> files;
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string path = std::to_string(i);
      run.Check((*disk.Open(path, OpenMode::kCreate))->Append(path).ok(), "not written");
      files[i] = *table->Open(path);
      run.Spawn("reader " + path, [&run, path, file = files[i].get()] {
        char byte = 0;
        const absl::StatusOr<size_t> read = file->ReadAt(0, {&byte, 1});
        run.Check(read.ok() && byte == path[0], "not the bytes of its file");
      });
    }
    run.Join();
    run.Check(table->CloseIdle() <= 2, "more files open than were read at once");
    run.Check(disk.open_files() == 0, "a file stays open");
  };
}

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_FILE_TABLE_PROGRAMS_H_
