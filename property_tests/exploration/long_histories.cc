// SPDX-License-Identifier: Apache-2.0

#include "property_tests/exploration/long_histories.h"

#include <cstdio>
#include <map>
#include <memory>
#include <utility>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/db/testing/simulation.h"

namespace veralith {
namespace {

// Returns a problem as a text.
#define RETURN_TEXT_IF_ERROR(expression)                          \
  do {                                                            \
    if (const absl::Status status = (expression); !status.ok()) { \
      return ToString(status);                                    \
    }                                                             \
  } while (false)

struct Shape {
  uint64_t files = 0;
  uint64_t runs = 0;
  uint64_t bytes = 0;
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed), simulation_(seed) {
    options_ = simulation_.SmallOptions();
    options_.compaction_policy = kCompactionPolicyKinds[random_.Below(3)];
    options_.target_segment_bytes = size_t{8192} << random_.Below(4);
    options_.level_base_bytes = options_.target_segment_bytes * (1 + random_.Below(8));
    options_.level0_compaction_trigger = static_cast<int>(2 + random_.Below(6));
    ascending_ = random_.OneIn(2);
  }

  model::Difference SmallFlushes() {
    RETURN_TEXT_IF_ERROR(Open());
    for (int i = 0; i < kSteps; ++i) {
      RETURN_TEXT_IF_ERROR(PutSome());
      RETURN_TEXT_IF_ERROR(db_->Flush());
    }
    return Settled();
  }

  model::Difference ShortLives() {
    for (int i = 0; i < kSteps; ++i) {
      RETURN_TEXT_IF_ERROR(Open());
      RETURN_TEXT_IF_ERROR(PutSome());
      RETURN_TEXT_IF_ERROR(random_.OneIn(3) ? Kill() : db_->Close());
    }
    RETURN_TEXT_IF_ERROR(Open());
    return Settled();
  }

  model::Difference LongRecovery() {
    options_.disable_automatic_compaction = true;
    options_.write_buffer_bytes = size_t{4} << 20;
    RETURN_TEXT_IF_ERROR(Open());
    for (int i = 0; i < 10 * kSteps; ++i) {
      RETURN_TEXT_IF_ERROR(PutSome());
    }
    const uint64_t replayed = db_->GetStatistics().memtable_bytes;
    RETURN_TEXT_IF_ERROR(Kill());
    options_.write_buffer_bytes = 1024;
    options_.recovery_buffer_bytes = size_t{1} << (14 + random_.Below(12));
    RETURN_TEXT_IF_ERROR(Open());
    const uint64_t most = 2 + replayed / options_.recovery_buffer_bytes;
    if (const uint64_t runs = ShapeNow().runs; runs > most) {
      return StrCat(replayed, " bytes of memory, recovered ", options_.recovery_buffer_bytes,
                    " at a time, made ", runs, " runs, not ", most);
    }
    return Rows();
  }

 private:
  static constexpr int kSteps = 120;

  absl::Status Open() {
    db_.reset();
    options_.file_system = &simulation_.disk();
    VERALITH_ASSIGN_OR_RETURN(db_, simulation_.Open(options_));
    return absl::OkStatus();
  }

  // Everything synced stays.
  absl::Status Kill() {
    VERALITH_RETURN_IF_ERROR(db_->Sync());
    std::unique_ptr<SimulatedFileSystem> left = simulation_.disk().CloneWithNothingUnsynced();
    db_.reset();
    simulation_.Replace(std::move(left));
    return absl::OkStatus();
  }

  absl::Status PutSome() {
    for (uint64_t count = 1 + random_.Below(2); count > 0; --count) {
      const uint64_t number = ascending_ ? ++next_ : random_.Below(1000);
      char key[16];
      std::snprintf(key, sizeof key, "%08llu", static_cast<unsigned long long>(number));
      WriteBatch batch;
      batch.Put(key, std::string(random_.Below(60), 'v'));
      VERALITH_ASSIGN_OR_RETURN(rows_[key], db_->Write({}, batch));
    }
    return absl::OkStatus();
  }

  Shape ShapeNow() {
    Shape shape;
    for (const LevelStatistics& level : db_->GetStatistics().levels) {
      shape.files += level.files;
      shape.runs += static_cast<uint64_t>(level.runs);
      shape.bytes += level.bytes;
    }
    return shape;
  }

  model::Difference Settled() {
    RETURN_TEXT_IF_ERROR(db_->WaitForBackgroundWork());
    VERALITH_RETURN_IF_DIFFERENT(TooMany(16 + ShapeNow().runs, "settled"));
    RETURN_TEXT_IF_ERROR(db_->CompactAll());
    VERALITH_RETURN_IF_DIFFERENT(TooMany(1, "after CompactAll"));
    return Rows();
  }

  model::Difference TooMany(uint64_t constant, const char* when) {
    const Shape shape = ShapeNow();
    const uint64_t most = constant + 2 * shape.bytes / options_.target_segment_bytes;
    return shape.files <= most ? model::Agree()
                               : StrCat(when, ", ", PolicyName(options_.compaction_policy), ": ",
                                        shape.files, " segments of ", shape.bytes, " bytes, not ",
                                        most, " with targets of ", options_.target_segment_bytes);
  }

  model::Difference Rows() {
    for (const auto& [key, timestamp] : rows_) {
      PinnedValue value;
      Timestamp found = 0;
      const absl::StatusOr<bool> there = db_->Get({}, kDefaultNamespace, key, &value, &found);
      RETURN_TEXT_IF_ERROR(there.status());
      if (!*there || found != timestamp) {
        return StrCat("row ", key, ": timestamp ", found, ", written at ", timestamp);
      }
    }
    return model::Agree();
  }

  Random random_;
  Simulation simulation_;
  Options options_;
  std::unique_ptr<Db> db_;
  std::map<std::string, Timestamp> rows_;
  bool ascending_ = false;
  uint64_t next_ = 0;
};

}  // namespace

model::Difference CheckLongHistory(uint64_t seed) {
  History history(seed);
  model::Difference wrong = seed % 3 == 0   ? history.SmallFlushes()
                            : seed % 3 == 1 ? history.ShortLives()
                                            : history.LongRecovery();
  return std::move(wrong).In(StrCat("seed ", seed, ": "));
}

}  // namespace veralith
