// SPDX-License-Identifier: Apache-2.0

// The file system of production: POSIX calls, and the few Linux calls without a POSIX equivalent.
//
// What it adds to the contract of veralith/file_system.h
//   1. Interrupted calls are repeated and short transfers continued, so a caller sees neither.
//   2. Sync is fdatasync, or fsync after Truncate; on Apple's systems it is F_FULLFSYNC. A sync
//      that failed is never repeated here: the kernel reports such an error once and forgets it.
//   3. Preallocate is fallocate with KEEP_SIZE on Linux. Elsewhere, and where the file system
//      cannot, it does nothing.
//   4. Locks are flock on a descriptor of their own. Two holders in one process conflict just as
//      two processes do, and the kernel drops the locks when the process ends. Forked children
//      share the descriptor: the process that took a lock releases it for them, too, and a child's
//      own destructors release nothing.
//   5. Every descriptor is close-on-exec. New files have mode 0644 and directories 0755, less
//      umask.
//   6. No call waits for another process to open the other end of a pipe: Open of a FIFO is
//      FailedPrecondition.
//
//   7. A pinned directory (Pin) is a descriptor of the directory. Paths are looked up from it
//      (openat and its kin). NFS locks no directories: LockDirectory is Unimplemented there.
//
// Appends go to where this File knows the end to be: one File at a time may change a file's size.
//
// Thread rule: as in file_system.h.
#ifndef VERALITH_POSIX_FILE_SYSTEM_H_
#define VERALITH_POSIX_FILE_SYSTEM_H_

#include "veralith/export.h"
#include "veralith/file_system.h"

namespace veralith {

// Lives for ever.
VERALITH_EXPORT FileSystem* PosixFileSystem();

}  // namespace veralith

#endif  // VERALITH_POSIX_FILE_SYSTEM_H_
