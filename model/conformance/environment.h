// SPDX-License-Identifier: Apache-2.0

// The machine on which a trace runs: disk, clock and executor, and what can happen to them.
//
// An environment lives through crashes. After one, file_system() and executor() are other objects;
// the clock is the same. (A database opened on the old objects can still be destroyed, without
// effect on the new ones.)
//
// Thread rule: one thread. Owns everything it returns.
#ifndef VERALITH_MODEL_CONFORMANCE_ENVIRONMENT_H_
#define VERALITH_MODEL_CONFORMANCE_ENVIRONMENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/conformance/configurations.h"
#include "model/difference.h"
#include "model/operation.h"
#include "veralith/clock.h"
#include "veralith/executor.h"
#include "veralith/file_system.h"

namespace veralith::model {

class Environment {
 public:
  virtual ~Environment() = default;

  virtual FileSystem* file_system() = 0;
  virtual Clock* clock() = 0;
  virtual Executor* executor() = 0;
  // An existing directory, and the place of the database in it. On the simulated machine that is a
  // relative path: the database is opened from the root directory, and the process then works
  // elsewhere.
  virtual std::string root() const = 0;
  std::string directory() const { return root().empty() ? "db" : AbsoluteDirectory(); }
  std::string AbsoluteDirectory() const { return root() + "/db"; }
  // The process enters its root directory, or the database's own; does nothing if not simulated.
  virtual void EnterRoot() {}
  virtual void EnterDatabase() {}
  // Does what another program of the machine does, with absolute paths. It meets no injected fault
  // except a power cut.
  virtual void AsAnotherProcess(const std::function<void(FileSystem& disk)>& act) = 0;

  // False if background tasks run by themselves and nothing can be injected: then the calls below
  // do nothing.
  virtual bool simulated() const = 0;

  // Runs at most `count` background tasks.
  virtual void RunBackground(uint32_t count) = 0;
  // Lets time pass, running what becomes due.
  virtual void AdvanceTime(int64_t nanos) = 0;
  virtual void StepWallBack(uint64_t nanos) = 0;
  // The wall clock shows a time that is none, until one of the two calls before this sets it right.
  virtual void MisreadWall(Timestamp reading) = 0;

  virtual void Fail(const Fault& fault) = 0;
  // Removes faults and a power cut that has not happened yet.
  virtual void Heal() = 0;
  // The number of injected failures that calls have met since the last crash, kill or ForgetFaults;
  // a power cut is one.
  virtual uint64_t faults_met() const = 0;
  // How many of them were failed writes and syncs of the database's logs and manifests.
  virtual uint64_t log_faults_met() const = 0;
  // Begins to count anew; what is installed stays.
  virtual void ForgetFaults() = 0;

  // The power fails in the disk's `step`th step from now; every later call fails.
  virtual void CutPowerAtStep(uint64_t step) = 0;
  virtual bool power_is_cut() const = 0;

  // The machine dies: only one legal survivor of the disk stays, chosen by `seed`.
  // `while_dead` runs between the death and the new life, to destroy what used the old objects.
  virtual void Crash(uint64_t seed, const std::function<void()>& while_dead) = 0;
  // The process dies: the disk stays as the process saw it.
  virtual void Kill(const std::function<void()>& while_dead) = 0;

  // The names of the files in directory(), in order, without a call that faults could meet. Empty
  // if not simulated.
  virtual std::vector<std::string> FileNames() const = 0;
  // Returns which of the database's files exist although its manifest does not name them, or the
  // other way round. Agrees if not simulated.
  virtual Difference WrongFiles() const = 0;
  // The disk is full except for this many bytes; nullopt: it is as large as at first.
  virtual void LeaveFree(std::optional<uint64_t> bytes) = 0;
  // Calls so far that change what the disk may hold.
  virtual uint64_t DiskSteps() const = 0;
  // Fingerprints of every file's name and bytes, and of every choice of the scheduler so far.
  virtual uint64_t DiskFingerprint() = 0;
  virtual uint64_t ScheduleFingerprint() const = 0;
  // Finds a rule of DESIGN 4 about the order of disk calls that was broken since the machine was
  // new.
  virtual Difference OrderViolation() const = 0;
  // Makes every change of the disk a violation from now on, or ends that.
  virtual void SetReadOnly(bool read_only) = 0;
};

std::unique_ptr<Environment> NewSimulatedEnvironment(const Configuration& configuration);
// A fresh directory under the test's temporary one, removed at the end.
std::unique_ptr<Environment> NewPosixEnvironment();
std::unique_ptr<Environment> NewEnvironment(const Configuration& configuration);

// FNV-1a, for fingerprints that are equal in every process.
inline uint64_t Fingerprint(uint64_t seed, std::string_view bytes) {
  uint64_t hash = seed ^ 0xcbf29ce484222325u;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace veralith::model

#endif  // VERALITH_MODEL_CONFORMANCE_ENVIRONMENT_H_
