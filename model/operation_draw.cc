// SPDX-License-Identifier: Apache-2.0

#include "model/operation_draw.h"

#include <algorithm>
#include <iterator>

#include "model/operation_fields.h"

namespace veralith::model {
namespace {

class Drawer {
 public:
  Drawer(const Profile& profile, const Below& below) : profile_(profile), below_(below) {}

  uint32_t Number(uint64_t bound) { return static_cast<uint32_t>(below_(bound)); }
  bool OneIn(uint64_t n) { return below_(n) == 0; }

  void Namespace(NamespaceId& ns) {
    ns = OneIn(2) ? 0 : kNamespaceTable[Number(profile_.namespaces)];
    ns = OneIn(500) ? kMaxNamespace + 1 : ns;
  }
  void OnlyNamespace(std::optional<NamespaceId>& ns) {
    if (!OneIn(3)) {
      Namespace(ns.emplace());
    }
  }
  void OneKey(Key& key) {
    if (OneIn(400)) {  // the longest legal key, or one beyond it
      key = Key::Literal("x", static_cast<uint32_t>(kMaxKeyBytes) + Number(2));
      return;
    }
    const uint32_t all = profile_.nasty_keys + profile_.ordinary_keys;
    const uint32_t drawn = Number(OneIn(2) ? profile_.nasty_keys : all);
    key =
        Key::Table(drawn < profile_.nasty_keys ? drawn : kNastyKeys + drawn - profile_.nasty_keys);
  }
  void End(std::optional<Key>& end) {
    if (!OneIn(8)) {
      OneKey(end.emplace());
    }
  }
  void Length(uint32_t& length) {
    const uint32_t most = OneIn(20) ? profile_.max_large_length : profile_.max_length;
    length = Number((OneIn(2) ? std::min(most, 16u) : most) + 1);
  }
  void Sync(Durability& durability) {
    durability = OneIn(4) ? static_cast<Durability>(Number(4)) : Durability::kDefault;
  }
  void Parts(std::vector<BatchPart>& parts) {
    parts.resize(Number(6));
    for (BatchPart& part : parts) {
      part.kind = OneIn(2) ? BatchPart::Kind::kPut
                           : static_cast<BatchPart::Kind>(Number(RangeDeletes() ? 3 : 2));
      VisitPart(part, *this);
    }
  }
  void Keys(std::vector<Key>& keys) {
    keys.resize(Number(6));
    for (Key& key : keys) {
      OneKey(key);
    }
  }
  void AnyBound(OperationBound& bound) {
    bound.kind = static_cast<OperationBound::Kind>(Number(3));
    if (bound.kind != OperationBound::Kind::kOpen) {
      OneKey(bound.key);
    }
  }
  void Lower(OperationBound& bound) { AnyBound(bound); }
  void Upper(OperationBound& bound) { AnyBound(bound); }
  void Backward(bool& backward) { backward = OneIn(2); }
  void Limit(uint32_t& limit) { limit = OneIn(2) ? 0 : Number(10); }
  void At(ReadPoint& at) {
    at.kind = OneIn(2) ? ReadPoint::Kind::kNow : static_cast<ReadPoint::Kind>(Number(3));
    if (at.kind == ReadPoint::Kind::kSnapshot) {
      at.number = Number(kSlots);
    } else if (at.kind == ReadPoint::Kind::kCommit) {
      at.number = Number(OneIn(2) ? 3 : 40);
      at.difference = OneIn(2) ? 0 : static_cast<int>(Number(3)) - 1;
    }
  }
  void Moves(std::vector<Move>& moves) {
    moves.resize(1 + Number(12));
    for (Move& move : moves) {
      move.kind = OneIn(2) ? (OneIn(2) ? Move::Kind::kNext : Move::Kind::kPrev)
                           : static_cast<Move::Kind>(Number(6));
      if (move.kind == Move::Kind::kSeek || move.kind == Move::Kind::kSeekForPrev) {
        OneKey(move.key);
      }
    }
    if (moves[0].kind == Move::Kind::kNext || moves[0].kind == Move::Kind::kPrev) {
      moves[0].kind = Move::Kind::kFirst;
    }
  }
  void Slot(uint32_t& slot) { slot = Number(kSlots); }
  void Count(uint32_t& count) { count = 1 + Number(OneIn(2) ? 4 : 40); }
  void Seed(uint64_t& seed) { seed = below_(1'000'000); }
  // From nothing over microseconds to minutes.
  void Nanos(uint64_t& nanos) {
    static constexpr uint64_t kScales[] = {1, 2, 1'000, 50'000'000, 200'000'000, 130'000'000'000};
    nanos = below_(kScales[Number(std::size(kScales))]);
  }
  void OneFault(Fault& fault) {
    fault.call = static_cast<Fault::Call>(Number(kFaultCalls));
    fault.files = OneIn(2) ? Fault::Files::kAll : static_cast<Fault::Files>(Number(kFaultFiles));
    fault.nth = 1 + Number(OneIn(2) ? 4 : 40);
    fault.effect = static_cast<Fault::Effect>(Number(kFaultEffects));
    fault.forever = OneIn(3);
  }

  OperationKind Kind() {
    uint64_t total = 0;
    for (const uint32_t weight : profile_.weights) {
      total += weight;
    }
    uint64_t drawn = below_(std::max<uint64_t>(total, 1));
    for (int i = 0; i < kOperationKinds; ++i) {
      const uint32_t weight = profile_.weights[static_cast<size_t>(i)];
      if (drawn < weight) {
        return static_cast<OperationKind>(i);
      }
      drawn -= weight;
    }
    return OperationKind::kPut;
  }

 private:
  bool RangeDeletes() const {
    return profile_.weights[static_cast<size_t>(OperationKind::kDeleteRange)] != 0;
  }

  const Profile& profile_;
  const Below& below_;
};

Profile ProfileOf(uint32_t OperationRow::Weights::* weight) {
  Profile profile;
  for (const OperationRow& row : kOperations) {
    profile.weight(row.kind) = row.weights.*weight;
  }
  return profile;
}

}  // namespace

Profile HealthyProfile() { return ProfileOf(&OperationRow::Weights::healthy); }

Profile CrashProfile() { return ProfileOf(&OperationRow::Weights::crashes); }

Profile FaultProfile() { return ProfileOf(&OperationRow::Weights::faults); }

Profile Swarm(Profile profile, const Below& below) {
  for (int i = 1; i < kOperationKinds; ++i) {
    if (below(4) == 0) {
      profile.weights[static_cast<size_t>(i)] = 0;
    }
  }
  profile.nasty_keys = 1 + static_cast<uint32_t>(below(kNastyKeys));
  profile.ordinary_keys = below(3) == 0 ? 0 : static_cast<uint32_t>(below(200));
  profile.namespaces = 1 + static_cast<uint32_t>(below(std::size(kNamespaceTable)));
  profile.max_length = 1u << below(11);
  profile.max_large_length = 1u << below(15);
  return profile;
}

Operation DrawOperation(const Profile& profile, const Below& below) {
  Drawer drawer(profile, below);
  Operation operation;
  operation.kind = drawer.Kind();
  VisitFields(operation, drawer);
  return operation;
}

}  // namespace veralith::model
