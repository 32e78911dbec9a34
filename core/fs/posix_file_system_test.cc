// SPDX-License-Identifier: Apache-2.0

// What only the machine's own file system can show; the shared contract is checked by
// core/fs/testing/file_system_conformance_test.cc.
#include "veralith/posix_file_system.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/fs/file_helpers.h"
#include "core/fs/testing/temporary_directory.h"
#include "gtest/gtest.h"

namespace veralith {
namespace {

// Runs `body` in a child process and returns its exit code.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(PosixFileSystem, AFullDeviceIsResourceExhausted) {
  const auto file = PosixFileSystem()->Open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(file.ok()) << ToString(file.status());
  const absl::Status status = (*file)->Append("x");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(status), "/dev/full: append: No space left on device");
}

// Runs in a child with an alarm, so that a call that waits ends the test.
TEST(PosixFileSystem, APipeIsRefusedAtOnceAndNotWaitedFor) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int code = InChild([&path] {
    alarm(5);
    for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
      const absl::Status status = PosixFileSystem()->Open(path, mode).status();
      if (!absl::IsFailedPrecondition(status) || !Message(status).starts_with(path + ": open: ")) {
        return 1;
      }
    }
    PosixFileSystem()->Lock(path, LockMode::kShared).status().IgnoreError();
    return 0;
  });
  EXPECT_EQ(code, 0);
}

// A program may run with its standard streams closed: what somebody prints must not end up in a
// file.
TEST(PosixFileSystem, NoFileTakesThePlaceOfAClosedStandardStream) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  const int code = InChild([&path] {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      close(stream);
    }
    const auto lock = PosixFileSystem()->Lock(path + ".lock", LockMode::kExclusive);
    const auto file = PosixFileSystem()->Open(path, OpenMode::kCreate);
    if (!lock.ok() || !file.ok()) {
      return 1;
    }
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (fcntl(stream, F_GETFD) != -1) {
        return 2;
      }
    }
    return 0;
  });
  EXPECT_EQ(code, 0);
}

TEST(PosixFileSystem, GoesOnAfterAShortWriteAndReportsWhatStopsIt) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  // A limit on the size makes write(2) transfer a part first, and fail with EFBIG only then.
  const int code = InChild([&path] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    auto file = PosixFileSystem()->Open(path, OpenMode::kCreate);
    if (!file.ok() || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
      return 1;
    }
    if ((*file)->Append(std::string(10'000, 'x')).code() != absl::StatusCode::kResourceExhausted) {
      return 2;
    }
    return *(*file)->Size() == 4096 ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST(PosixFileSystem, AppendsAfterAFailedOneFollowTheBytesThatWereWritten) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  const int code = InChild([&path] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit low{4096, RLIM_INFINITY};
    const rlimit high{RLIM_INFINITY, RLIM_INFINITY};
    auto file = PosixFileSystem()->Open(path, OpenMode::kCreate);
    setrlimit(RLIMIT_FSIZE, &low);
    if ((*file)->Append(std::string(5000, 'x')).ok()) {
      return 1;
    }
    setrlimit(RLIMIT_FSIZE, &high);
    return (*file)->Append("end").ok() && *(*file)->Size() == 4099 ? 0 : 2;
  });
  EXPECT_EQ(code, 0);
}

TEST(PosixFileSystem, MappedAppendsSurviveTheProcessAndEndAtALimitAsWritesDo) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  const int code = InChild([&path] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{(3 << 20) + 5, (3 << 20) + 5};
    auto file = PosixFileSystem()->Open(path, OpenMode::kCreate);
    if (!file.ok() || setrlimit(RLIMIT_FSIZE, &limit) != 0 || !(*file)->MapAppends().ok()) {
      return 1;
    }
    if ((*file)->Append(std::string(4 << 20, 'x')).code() !=
        absl::StatusCode::kResourceExhausted) {
      return 2;
    }
    return *(*file)->Size() == (3 << 20) + 5 ? 0 : 3;  // and no Close
  });
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(*ReadWholeFile(*PosixFileSystem(), path, 1 << 23) ==
              std::string((3 << 20) + 5, 'x'));
}

TEST(PosixFileSystem, AForkedChildLeavesAMappedFileToItsParent) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  std::unique_ptr<File> file = *PosixFileSystem()->Open(path, OpenMode::kCreate);
  ASSERT_TRUE(file->MapAppends().ok());
  ASSERT_TRUE(file->Append("abc").ok());
  EXPECT_EQ(InChild([&] {
              if (!absl::IsFailedPrecondition(file->Append("x"))) {
                return 1;
              }
              file.reset();
              return 0;
            }),
            0);
  ASSERT_TRUE(file->Append("def").ok());  // into the mapping: a cut file would kill
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(*ReadWholeFile(*PosixFileSystem(), path, 100), "abcdef");
}

TEST(PosixFileSystem, ALockKeepsAnotherProcessOut) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "LOCK");
  auto held = PosixFileSystem()->Lock(path, LockMode::kExclusive);
  ASSERT_TRUE(held.ok());
  const auto try_it = [&path] {
    return InChild([&path] {
      const auto lock = PosixFileSystem()->Lock(path, LockMode::kShared);
      return static_cast<int>(lock.status().code());
    });
  };
  EXPECT_EQ(try_it(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  held->reset();
  EXPECT_EQ(try_it(), 0);
}

TEST(PosixFileSystem, ALockEndsWithTheProcessThatHeldIt) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "LOCK");
  EXPECT_EQ(InChild([&path] {
              auto held = PosixFileSystem()->Lock(path, LockMode::kExclusive);
              raise(SIGKILL);
              return held.ok() ? 1 : 2;
            }),
            -1);
  EXPECT_TRUE(PosixFileSystem()->Lock(path, LockMode::kExclusive).ok());
}

TEST(PosixFileSystem, EveryDescriptorIsClosedOnExec) {
  const TemporaryDirectory directory;
  const auto is_open_for_children = [](int fd) {
    const int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
  };
  std::string before;
  for (int fd = 0; fd < 256; ++fd) {
    before += is_open_for_children(fd) ? '1' : '0';
  }
  const auto file = PosixFileSystem()->Open(JoinPath(directory.path(), "f"), OpenMode::kCreate);
  const auto lock =
      PosixFileSystem()->Lock(JoinPath(directory.path(), "LOCK"), LockMode::kExclusive);
  ASSERT_TRUE(file.ok() && lock.ok());
  std::string after;
  for (int fd = 0; fd < 256; ++fd) {
    after += is_open_for_children(fd) ? '1' : '0';
  }
  EXPECT_EQ(before, after);
}

TEST(PosixFileSystem, ReleasesEveryDescriptor) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  const auto next_descriptor = [] {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
  };
  const int before = next_descriptor();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(PosixFileSystem()->Open(path, OpenMode::kCreate).ok());
    EXPECT_FALSE(PosixFileSystem()->Open(directory.path(), OpenMode::kRead).ok());
    EXPECT_TRUE(PosixFileSystem()->List(directory.path()).ok());
    EXPECT_TRUE(PosixFileSystem()->SyncDirectory(directory.path()).ok());
    EXPECT_TRUE(PosixFileSystem()->Lock(path, LockMode::kExclusive).ok());
    EXPECT_TRUE(PosixFileSystem()->LockDirectory(directory.path(), LockMode::kShared).ok());
    EXPECT_TRUE(PosixFileSystem()->Pin(directory.path()).ok());
    EXPECT_TRUE((*PosixFileSystem()->Open(path, OpenMode::kRead))->Close().ok());
    EXPECT_TRUE(PosixFileSystem()->Remove(path).ok());
  }
  EXPECT_EQ(next_descriptor(), before);
}

// Changes the working directory for the life of an object.
class WorkingDirectory {
 public:
  explicit WorkingDirectory(const std::string& path) { Enter(path); }
  ~WorkingDirectory() {
    EXPECT_EQ(fchdir(before_), 0);
    close(before_);
  }
  static void Enter(const std::string& path) { ASSERT_EQ(chdir(path.c_str()), 0); }

 private:
  const int before_ = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
};

TEST(PosixFileSystem, APinnedRelativePathStaysWhenTheProgramGoesElsewhere) {
  const TemporaryDirectory root;
  FileSystem& fs = *PosixFileSystem();
  for (const char* name : {"A", "B", "A/db", "B/db"}) {
    ASSERT_TRUE(fs.CreateDirectory(JoinPath(root.path(), name)).ok());
  }
  const WorkingDirectory before(JoinPath(root.path(), "A"));
  const auto view = *fs.Pin("db");
  const std::string absolute = *fs.Absolute("db");
  WorkingDirectory::Enter(JoinPath(root.path(), "B"));
  ASSERT_TRUE(view->Open("db/f", OpenMode::kCreate).ok());
  EXPECT_TRUE(*fs.Exists(JoinPath(root.path(), "A/db/f")));
  EXPECT_FALSE(*fs.Exists(JoinPath(root.path(), "B/db/f")));
  EXPECT_TRUE(*fs.Exists(JoinPath(absolute, "f")));
}

TEST(PosixFileSystem, APinnedSymbolicLinkStaysWithWhatItLedTo) {
  const TemporaryDirectory root;
  FileSystem& fs = *PosixFileSystem();
  const std::string link = JoinPath(root.path(), "link");
  for (const char* name : {"A", "B"}) {
    ASSERT_TRUE(fs.CreateDirectory(JoinPath(root.path(), name)).ok());
  }
  ASSERT_EQ(symlink("A", link.c_str()), 0);
  const auto view = *fs.Pin(link);
  ASSERT_TRUE(fs.Remove(link).ok());
  ASSERT_EQ(symlink("B", link.c_str()), 0);
  ASSERT_TRUE(view->Open(JoinPath(link, "f"), OpenMode::kCreate).ok());
  EXPECT_TRUE(*fs.Exists(JoinPath(root.path(), "A/f")));
  EXPECT_FALSE(*fs.Exists(JoinPath(root.path(), "B/f")));
}

// Forked, and never exec'ed: the child has the lock's descriptor, too.
TEST(PosixFileSystem, AForkedChildKeepsNoLockThatItsParentReleases) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "LOCK");
  int wait[2];
  ASSERT_EQ(pipe(wait), 0);
  auto held = PosixFileSystem()->Lock(path, LockMode::kExclusive);
  auto itself = PosixFileSystem()->LockDirectory(directory.path(), LockMode::kExclusive);
  ASSERT_TRUE(held.ok() && itself.ok());
  const pid_t child = fork();
  if (child == 0) {
    char byte;
    close(wait[1]);
    _exit(read(wait[0], &byte, 1) == 0 ? 0 : 1);  // until the parent lets go
  }
  held->reset();
  itself->reset();
  EXPECT_TRUE(PosixFileSystem()->Lock(path, LockMode::kExclusive).ok());
  EXPECT_TRUE(PosixFileSystem()->LockDirectory(directory.path(), LockMode::kExclusive).ok());
  close(wait[1]);
  close(wait[0]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
}

TEST(PosixFileSystem, AForkedChildsEndReleasesNoLockOfItsParents) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "LOCK");
  auto held = PosixFileSystem()->Lock(path, LockMode::kExclusive);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(InChild([&held] {
              held->reset();
              return 0;
            }),
            0);
  EXPECT_FALSE(PosixFileSystem()->Lock(path, LockMode::kExclusive).ok());
}

TEST(PosixFileSystem, LinkingToAnotherDeviceIsUnimplementedSoThatACopyIsMade) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  ASSERT_TRUE(PosixFileSystem()->Open(path, OpenMode::kCreate).ok());
  EXPECT_EQ(PosixFileSystem()->Link("/proc/self/status", JoinPath(directory.path(), "g")).code(),
            absl::StatusCode::kUnimplemented);
}

TEST(JoinPath, PutsExactlyOneSlashBetween) {
  EXPECT_EQ(JoinPath("dir", "name"), "dir/name");
  EXPECT_EQ(JoinPath("dir/", "name"), "dir/name");
  EXPECT_EQ(JoinPath("/", "name"), "/name");
  EXPECT_EQ(JoinPath("", "name"), "name");
}

// A child of fork shares its parent's open files: what it wrote would land in the middle of what
// the parent writes.
TEST(PosixFileSystem, AChildOfForkReadsItsParentsFilesAndDoesNotWriteThem) {
  const TemporaryDirectory directory;
  const std::string path = JoinPath(directory.path(), "f");
  const std::unique_ptr<File> file = *PosixFileSystem()->Open(path, OpenMode::kCreate);
  ASSERT_TRUE(file->Append("abc").ok());
  EXPECT_EQ(InChild([&] {
              char read[3];
              if (file->ReadAt(0, read).value_or(0) != 3) {
                return 1;
              }
              if (!absl::IsFailedPrecondition(file->Append("x"))) {
                return 2;
              }
              if (!absl::IsFailedPrecondition(file->WriteAt(0, "x"))) {
                return 3;
              }
              if (!absl::IsFailedPrecondition(file->Truncate(0))) {
                return 4;
              }
              if (!absl::IsFailedPrecondition(file->Preallocate(9))) {
                return 5;
              }
              const auto own = PosixFileSystem()->Open(path, OpenMode::kReadWrite);
              return own.ok() && (*own)->Append("d").ok() ? 0 : 6;
            }),
            0);
  EXPECT_EQ(*file->Size(), 4u);
}

}  // namespace
}  // namespace veralith
