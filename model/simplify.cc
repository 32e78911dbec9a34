// SPDX-License-Identifier: Apache-2.0

#include "model/simplify.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "model/operation_fields.h"

namespace veralith::model {
namespace {

// Walks the fields and counts the possible changes; makes the one with number `target`.
class Change {
 public:
  explicit Change(size_t target) : left_(target) {}
  bool made() const { return made_; }

  void Namespace(NamespaceId& ns) { Smaller(ns); }
  void OnlyNamespace(std::optional<NamespaceId>& ns) {
    if (ns.has_value() && Here()) {
      ns.reset();
    }
  }
  void OneKey(Key& key) {
    if (!key.literal.has_value()) {
      return Smaller(key.index);
    }
    if (Here()) {
      key = Key::Table(0);
    } else if (Smaller(key.repeat); !made_ && key.literal->size() > 1 && Here()) {
      key.literal->resize(key.literal->size() / 2);
    }
  }
  void End(std::optional<Key>& end) {
    if (end.has_value() && Here()) {
      end.reset();
    } else if (end.has_value()) {
      OneKey(*end);
    }
  }
  void Length(uint32_t& length) { Smaller(length); }
  void Sync(Durability& durability) { ToDefault(durability, Durability::kDefault); }
  void Parts(std::vector<BatchPart>& parts) {
    Fewer(parts);
    for (size_t i = 0; i < parts.size() && !made_; ++i) {
      VisitPart(parts[i], *this);
    }
  }
  void Keys(std::vector<Key>& keys) {
    Fewer(keys);
    for (size_t i = 0; i < keys.size() && !made_; ++i) {
      OneKey(keys[i]);
    }
  }
  void Lower(OperationBound& bound) { AnyBound(bound); }
  void Upper(OperationBound& bound) { AnyBound(bound); }
  void Backward(bool& backward) { ToDefault(backward, false); }
  void Limit(uint32_t& limit) { Smaller(limit); }
  void At(ReadPoint& at) {
    if (at.kind == ReadPoint::Kind::kNow) {
      return;
    }
    if (Here()) {
      at = {};
    } else if (ToDefault(at.difference, 0); !made_) {
      Smaller(at.number);
    }
  }
  void Moves(std::vector<Move>& moves) {
    Fewer(moves);
    for (size_t i = 0; i < moves.size() && !made_; ++i) {
      if (moves[i].kind == Move::Kind::kSeek || moves[i].kind == Move::Kind::kSeekForPrev) {
        OneKey(moves[i].key);
      }
    }
  }
  void Slot(uint32_t& slot) { Smaller(slot); }
  void Count(uint32_t& count) { Smaller(count); }
  void Seed(uint64_t& seed) { Smaller(seed); }
  void Nanos(uint64_t& nanos) { Smaller(nanos); }
  void OneFault(Fault& fault) {
    ToDefault(fault.forever, false);
    if (!made_) {
      ToDefault(fault.effect, Fault::Effect::kIoError);
    }
    if (!made_) {
      Smaller(fault.nth);
    }
  }

 private:
  // Returns true if the current change is the wanted one.
  bool Here() {
    if (made_) {
      return false;
    }
    if (left_ == 0) {
      made_ = true;
      return true;
    }
    --left_;
    return false;
  }
  template <typename T>
  void Smaller(T& number) {
    constexpr T kLarge = std::min<uint64_t>(std::numeric_limits<T>::max(), 1 << 16);
    // Large numbers shrink faster than by ones; otherwise it would never end.
    const T least = number > kLarge ? number >> 8 : 1;
    const T steps[] = {0, static_cast<T>(number / 2), static_cast<T>(number - least)};
    for (size_t i = 0; i < 3 && number != 0; ++i) {
      const bool repeats = i > 0 && steps[i] == steps[i - 1];
      if (!repeats && Here()) {
        number = steps[i];
        return;
      }
    }
  }
  template <typename T>
  void ToDefault(T& field, T simplest) {
    if (field != simplest && Here()) {
      field = simplest;
    }
  }
  template <typename T>
  void Fewer(std::vector<T>& list) {
    if (list.size() > 2 && Here()) {
      list.resize(list.size() / 2);
      return;
    }
    for (size_t i = 0; i < list.size(); ++i) {
      if (Here()) {
        list.erase(list.begin() + static_cast<ptrdiff_t>(i));
        return;
      }
    }
  }
  void AnyBound(OperationBound& bound) {
    if (bound.kind == OperationBound::Kind::kOpen) {
      return;
    }
    if (Here()) {
      bound = {};
    } else {
      OneKey(bound.key);
    }
  }

  size_t left_;
  bool made_ = false;
};

// Calls `key` and `space` on every table index and namespace of the operation.
template <typename OnKey, typename OnNamespace>
class NameVisitor {
 public:
  NameVisitor(OnKey key, OnNamespace space) : key_(key), space_(space) {}

  void Namespace(NamespaceId& ns) { space_(ns); }
  void OnlyNamespace(std::optional<NamespaceId>& ns) {
    if (ns.has_value()) {
      space_(*ns);
    }
  }
  void OneKey(Key& key) {
    if (!key.literal.has_value()) {
      key_(key.index);
    }
  }
  void End(std::optional<Key>& end) {
    if (end.has_value()) {
      OneKey(*end);
    }
  }
  void Parts(std::vector<BatchPart>& parts) {
    for (BatchPart& part : parts) {
      VisitPart(part, *this);
    }
  }
  void Keys(std::vector<Key>& keys) {
    for (Key& key : keys) {
      OneKey(key);
    }
  }
  void Lower(OperationBound& bound) { AnyBound(bound); }
  void Upper(OperationBound& bound) { AnyBound(bound); }
  void Moves(std::vector<Move>& moves) {
    for (Move& move : moves) {
      if (move.kind == Move::Kind::kSeek || move.kind == Move::Kind::kSeekForPrev) {
        OneKey(move.key);
      }
    }
  }
  void Length(uint32_t&) {}
  void Sync(Durability&) {}
  void Backward(bool&) {}
  void Limit(uint32_t&) {}
  void At(ReadPoint&) {}
  void Slot(uint32_t&) {}
  void Count(uint32_t&) {}
  void Seed(uint64_t&) {}
  void Nanos(uint64_t&) {}
  void OneFault(Fault&) {}

 private:
  void AnyBound(OperationBound& bound) {
    if (bound.kind != OperationBound::Kind::kOpen) {
      OneKey(bound.key);
    }
  }
  OnKey key_;
  OnNamespace space_;
};

// Adds the part of a batch that has only one.
void AddUnbatched(const Operation& batch, std::vector<Operation>* simpler) {
  if (batch.kind != OperationKind::kBatch || batch.parts.size() != 1) {
    return;
  }
  const BatchPart& part = batch.parts[0];
  Operation single;
  single.kind = part.kind == BatchPart::Kind::kPut      ? OperationKind::kPut
                : part.kind == BatchPart::Kind::kDelete ? OperationKind::kDelete
                                                        : OperationKind::kDeleteRange;
  single.ns = part.ns;
  single.key = part.key;
  single.length = part.length;
  single.end = part.end;
  single.durability = batch.durability;
  simpler->push_back(std::move(single));
}

}  // namespace

std::vector<Operation> Simplifications(const Operation& operation) {
  std::vector<Operation> simpler;
  AddUnbatched(operation, &simpler);
  for (size_t target = 0;; ++target) {
    Operation copy = operation;
    Change change(target);
    VisitFields(copy, change);
    if (!change.made()) {
      return simpler;
    }
    simpler.push_back(std::move(copy));
  }
}

Names NamesOf(const Operation& operation) {
  Names names;
  Operation copy = operation;
  NameVisitor visitor([&](uint32_t index) { names.keys.insert(index); },
                      [&](NamespaceId ns) { names.namespaces.insert(ns); });
  VisitFields(copy, visitor);
  return names;
}

Operation WithKeyRenamed(const Operation& operation, uint32_t from, uint32_t to) {
  Operation copy = operation;
  NameVisitor visitor([=](uint32_t& index) { index = index == from ? to : index; },
                      [](NamespaceId&) {});
  VisitFields(copy, visitor);
  return copy;
}

Operation WithNamespaceRenamed(const Operation& operation, NamespaceId from, NamespaceId to) {
  Operation copy = operation;
  NameVisitor visitor([](uint32_t&) {}, [=](NamespaceId& ns) { ns = ns == from ? to : ns; });
  VisitFields(copy, visitor);
  return copy;
}

}  // namespace veralith::model
