// SPDX-License-Identifier: Apache-2.0

// Property: on any sequence of operations the simulated file system and the machine's own answer
// alike: bytes, sizes, lists, error codes and the words of the errors.
//
// One file is open at a time, so that no two change one file's size (contract point 6). A failing
// sequence prints its operations; RC_PARAMS replays it.
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "veralith/file_system.h"
#include "veralith/posix_file_system.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

enum class Kind {
  kCreate,
  kOpen,
  kClose,
  kAppend,
  kWriteAt,
  kReadAt,
  kTruncate,
  kSize,
  kSync,
  kReadWhole,
  kList,
  kRemove,
  kRename,
  kLink,
  kCreateDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kExists,
  kPreallocate,
  kMapAppends,
  kCount,
};

constexpr const char* kKindNames[] = {"create",  "open",     "close",  "append",     "write_at",
                                      "read_at", "truncate", "size",   "sync",       "whole",
                                      "list",    "remove",   "rename", "link",       "mkdir",
                                      "rmdir",   "syncdir",  "exists", "preallocate",
                                      "map"};

struct Operation {
  Kind kind;
  int path;
  int other;
  uint64_t number;
  std::string data;
};

void showValue(const Operation& op, std::ostream& out) {
  out << kKindNames[static_cast<int>(op.kind)] << " " << op.path << " " << op.other << " "
      << op.number << " +" << op.data.size();
}

constexpr const char* kPaths[] = {"a", "b", "d", "d/a", "d/b", "d/d", "d/d/a", "", "a/x", "./b"};
constexpr int kPathCount = static_cast<int>(std::size(kPaths));

rc::Gen<Operation> AnyOperation() {
  using rc::gen::inRange;
  return rc::gen::apply(
      [](int kind, int path, int other, uint64_t number, int size, char c) {
        return Operation{static_cast<Kind>(kind), path, other, number,
                         std::string(static_cast<size_t>(size), c)};
      },
      inRange(0, static_cast<int>(Kind::kCount)), inRange(0, kPathCount), inRange(0, kPathCount),
      inRange<uint64_t>(0, 3000), inRange(0, 1500), inRange('a', 'z'));
}

// One file system and the file open on it. Every answer is text.
class Side {
 public:
  Side(FileSystem& fs, std::string root) : fs_(fs), root_(std::move(root)) {}

  std::string Apply(const Operation& op) {
    const std::string path = Path(op.path);
    const std::string other = Path(op.other);
    if (mapped_ && (op.kind == Kind::kCreate || op.kind == Kind::kOpen)) {
      file_ = nullptr;  // it cuts its file, which may be the one that is opened
    }
    switch (op.kind) {
      case Kind::kCreate:
        return Keep(fs_.Open(path, OpenMode::kCreate));
      case Kind::kOpen:
        return Keep(fs_.Open(path, op.number % 4 == 0 ? OpenMode::kRead : OpenMode::kReadWrite));
      case Kind::kReadWhole:
        return Show(WithoutRoomAhead(ReadWholeFile(fs_, path, 1u << 21)));
      case Kind::kList: {
        const auto names = fs_.List(path);
        std::string text = Show(names.status());
        for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
          text += " " + name;
        }
        return text;
      }
      case Kind::kRemove:
        return Show(fs_.Remove(path));
      case Kind::kRename:
        return Show(fs_.Rename(path, other));
      case Kind::kLink:
        return Show(fs_.Link(path, other));
      case Kind::kCreateDirectory:
        return Show(fs_.CreateDirectory(path));
      case Kind::kRemoveDirectory:
        return Show(fs_.RemoveDirectory(path));
      case Kind::kSyncDirectory:
        return Show(fs_.SyncDirectory(path));
      case Kind::kExists: {
        const auto exists = fs_.Exists(path);
        return exists.ok() ? (*exists ? "yes" : "no") : Show(exists.status());
      }
      default:
        return OnFile(op);
    }
  }

 private:
  // Has no slash at the end: what that means differs from call to call, and is not part of the
  // contract.
  std::string Path(int index) const {
    return *kPaths[index] == '\0' ? root_ : JoinPath(root_, kPaths[index]);
  }

  std::string OnFile(const Operation& op) {
    if (file_ == nullptr) {
      return "not open";
    }
    File& file = *file_;
    switch (op.kind) {
      case Kind::kAppend:
        return Show(file.Append(op.data));
      case Kind::kWriteAt:
        return Show(file.WriteAt(op.number, op.data));
      case Kind::kReadAt: {
        std::string out(op.data.size(), '?');
        const auto read = file.ReadAt(op.number, out);
        return read.ok() ? std::to_string(*read) + out : Show(read.status());
      }
      case Kind::kTruncate:
        return Show(file.Truncate(op.number));
      case Kind::kSize: {
        const auto size = file.Size();
        return size.ok() ? std::to_string(*size) : Show(size.status());
      }
      case Kind::kSync:
        return Show(file.Sync());
      case Kind::kPreallocate:
        return Show(file.Preallocate(op.number));
      case Kind::kMapAppends:
        mapped_ = true;
        return Show(file.MapAppends());
      default: {
        const std::string closed = Show(file.Close()) + Show(file.Append("x"));
        file_ = nullptr;
        return closed;
      }
    }
  }

  // Others see how far a mapped file was made longer, and that is its file system's choice.
  absl::StatusOr<std::string> WithoutRoomAhead(absl::StatusOr<std::string> bytes) const {
    if (bytes.ok() && mapped_) {
      bytes->erase(bytes->find_last_not_of('\0') + 1);
    }
    return bytes;
  }

  std::string Keep(absl::StatusOr<std::unique_ptr<File>> file) {
    const std::string text = Show(file.status());
    if (file.ok()) {
      file_ = *std::move(file);
    }
    return text;
  }

  // Paths are shown without the root, which differs.
  std::string Show(const absl::Status& status) const {
    std::string text = ToString(status);
    for (size_t at = text.find(root_); at != std::string::npos; at = text.find(root_)) {
      text.erase(at, root_.size());
    }
    return text;
  }
  std::string Show(const absl::StatusOr<std::string>& bytes) const {
    return bytes.ok() ? *bytes : Show(bytes.status());
  }

  FileSystem& fs_;
  const std::string root_;
  std::unique_ptr<File> file_;  // the one opened last
  bool mapped_ = false;         // appends to some file were
};

RC_GTEST_PROP(FileSystems, AnswerAlikeOnAnySequenceOfOperations, ()) {
  const auto operations =
      *rc::gen::resize(300, rc::gen::container<std::vector<Operation>>(AnyOperation()));
  const TemporaryDirectory directory;
  SimulatedFileSystem simulated_fs;
  RC_ASSERT(simulated_fs.CreateDirectory("/root").ok());
  Side simulated(simulated_fs, "/root");
  Side posix(*PosixFileSystem(), directory.path());
  for (const Operation& op : operations) {
    RC_ASSERT(simulated.Apply(op) == posix.Apply(op));
  }
  for (int path = 0; path < kPathCount; ++path) {
    for (const Kind kind : {Kind::kReadWhole, Kind::kList, Kind::kExists}) {
      const Operation look{kind, path, 0, 0, ""};
      RC_ASSERT(simulated.Apply(look) == posix.Apply(look));
    }
  }
}

}  // namespace
}  // namespace veralith
