// SPDX-License-Identifier: Apache-2.0

// Makes the machine's own file calls fail, beneath unchanged production code. Defined here are
// openat, pread, pwrite, fallocate, ftruncate, fstat, fsync, fdatasync, close, renameat, linkat,
// unlinkat, fdopendir, closedir, mkdirat, fstatat, flock, statvfs and fstatvfs. They replace the C
// library's, and call them.
//
//   Linked into a test, it is told what to do by the functions below.
//   As failing_calls_preload.so in LD_PRELOAD it does the same to a program that knows nothing of
//     it: LD_PRELOAD=.../failing_calls_preload.so VERALITH_FAIL_UNDER=/tmp/db \
//         VERALITH_FAIL_CALLS='append@.log#3=eio' veralith load /tmp/db < lines
//
// Faults are the simulated disk's (fault_plan.h), translated to calls. A pwrite at the end of its
// file is an append, elsewhere a write. An open that must create is a create. fsync of a directory
// is sync_directory. "short" makes one pwrite transfer half and the next one fail. Only paths under
// one directory are touched, and descriptors opened by these paths.
//
// Two more effects, which no plan names and which machines have all the same:
//   Interrupt: every other call that may be interrupted is, with EINTR.
//   Shorten: every pread and pwrite transfers half of what it is asked for, at least a byte.
//
// What it does not do: calls made with io_uring, by memory maps, or by the C library inside itself;
// a sync that loses what it should have kept (the simulated disk does that).
//
// Thread rule: any thread; one mutex, not held during the calls.
#ifndef VERALITH_CORE_FS_TESTING_FAILING_CALLS_H_
#define VERALITH_CORE_FS_TESTING_FAILING_CALLS_H_

#include <cstdint>
#include <string>

#include "veralith/testing/fault_plan.h"

namespace veralith {

struct FailingCalls {
  std::string directory = {};  // calls below it are watched; "": none
  FaultPlan faults = {};
  bool interrupt = false;
  bool shorten = false;
  // Answers syncs without the disk: for runs that no power cut follows.
  bool skip_syncs = false;
};

// Replaces the previous setting; counts begin at 0.
void SetFailingCalls(FailingCalls calls);
// Since then: the number of calls watched, and how many of them a fault of the plan made fail.
uint64_t CallsWatched();
uint64_t CallsFailed();

}  // namespace veralith

#endif  // VERALITH_CORE_FS_TESTING_FAILING_CALLS_H_
