// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/rot.h"

#include <utility>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/manifest/file_names.h"
#include "property_tests/exploration/alphabet.h"

namespace veralith::model {
namespace {

constexpr int kMostLetters = 24;

struct Victim {
  std::string path;
  FileKind kind;
  uint64_t bytes;
};

std::vector<Victim> VictimsOn(const SimulatedFileSystem& disk) {
  std::vector<Victim> victims;
  for (const auto& [path, bytes] : disk.Files()) {
    const auto name = ParseFileName(path.substr(path.rfind('/') + 1));
    if (name.has_value() && name->kind != FileKind::kLock &&
        name->kind != FileKind::kCurrentTemporary) {
      victims.push_back({path, name->kind, bytes.size()});
    }
  }
  return victims;
}

absl::Status Cut(SimulatedFileSystem& disk, const std::string& path, uint64_t bytes) {
  VERALITH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                            disk.Open(path, OpenMode::kReadWrite));
  return file->Truncate(bytes);
}

// Damages the disk and returns what it did; "" if it could do nothing.
std::string Damage(SimulatedFileSystem& disk, Random& random) {
  const std::vector<Victim> victims = VictimsOn(disk);
  const Victim& victim = victims[random.Below(victims.size())];
  const uint64_t choice = random.Below(6);
  if (choice == 0) {
    return disk.Remove(victim.path).ok() ? victim.path + " removed" : "";
  }
  if (victim.bytes == 0) {
    return "";
  }
  const bool may_cut = victim.kind == FileKind::kSegment || victim.kind == FileKind::kCurrent;
  if (choice == 1 && may_cut) {
    const uint64_t bytes = random.Below(victim.bytes);
    return Cut(disk, victim.path, bytes).ok()
               ? victim.path + " cut to " + std::to_string(bytes) + " bytes"
               : "";
  }
  const uint64_t bit = random.Below(victim.bytes * 8);
  disk.FlipBit(victim.path, bit);
  return victim.path + ": bit " + std::to_string(bit) + " flipped";
}

}  // namespace

Difference CheckRot(uint64_t seed, int damages, const DbOpener& open) {
  const std::string where = "seed " + std::to_string(seed) + ", ";
  Random random(seed);
  World world(std::make_unique<SimulatedFileSystem>(), {}, open, /*rolling=*/seed % 4 == 0);
  VERALITH_RETURN_IF_DIFFERENT(world.Open().In(where));
  const std::vector<Operation>& letters = ExplorationLetters();
  const uint64_t length = 1 + random.Below(kMostLetters);
  for (uint64_t i = 0; i < length; ++i) {
    const Operation& letter = letters[random.Below(letters.size())];
    VERALITH_RETURN_IF_DIFFERENT(world.Apply(i, letter).In(where));
  }
  VERALITH_RETURN_IF_DIFFERENT(world.Close().In(where));
  for (int i = 0; i < damages; ++i) {
    std::unique_ptr<SimulatedFileSystem> disk = world.disk().CloneWithEverything();
    const std::string damage = Damage(*disk, random);
    World after(std::move(disk), world.ledger(), open, /*rolling=*/false);
    if (damage.empty() || after.Open().differs()) {
      continue;  // an error is an answer
    }
    VERALITH_RETURN_IF_DIFFERENT(after.CompareWhatIsRead().In(where + damage + ": "));
  }
  return Agree();
}

}  // namespace veralith::model
