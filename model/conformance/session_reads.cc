// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <iterator>

#include "core/base/status.h"
#include "model/conformance/session.h"
#include "model/limits.h"
#include "model/operation_text.h"

namespace veralith::model {
namespace {

ScanOptions RangeOf(const Operation& operation) {
  ScanOptions range;
  range.ns = operation.ns;
  range.lower = BoundFor(operation.lower);
  range.upper = BoundFor(operation.upper);
  return range;
}

bool IsLegal(const ScanOptions& range) {
  return NamespaceIsLegal(range.ns) && KeyIsLegal(range.lower.key) && KeyIsLegal(range.upper.key);
}

// Reads at most `limit` rows; 0: all. Stops where the iterator stops.
absl::StatusOr<std::vector<Row>> ReadRows(Db& db, const ScanOptions& range, bool backward,
                                          uint32_t limit) {
  std::vector<Row> rows;
  const std::unique_ptr<DbIterator> iterator = db.NewIterator(range);
  for (backward ? iterator->SeekToLast() : iterator->SeekToFirst();
       iterator->Valid() && (limit == 0 || rows.size() < limit);
       backward ? iterator->Prev() : iterator->Next()) {
    rows.push_back(
        {std::string(iterator->key()), std::string(iterator->value()), iterator->timestamp()});
  }
  VERALITH_RETURN_IF_ERROR(iterator->status());
  return rows;
}

std::string DescribeBound(const Bound& bound) {
  return bound.kind == Bound::Kind::kOpen        ? "open"
         : bound.kind == Bound::Kind::kInclusive ? "inclusive " + Quote(bound.key)
                                                 : "exclusive " + Quote(bound.key);
}

}  // namespace

Bound BoundFor(const OperationBound& bound) {
  switch (bound.kind) {
    case OperationBound::Kind::kInclusive:
      return Bound::Inclusive(KeyBytes(bound.key));
    case OperationBound::Kind::kExclusive:
      return Bound::Exclusive(KeyBytes(bound.key));
    case OperationBound::Kind::kOpen:
      break;
  }
  return Bound::Open();
}

// --- The moment ----------------------------------------------------------------------------------

Session::Moment Session::Now() const {
  return {configuration_.read, model_.current().last_timestamp(), Moment::Answer::kRows};
}

// Returns nullopt if the read point names nothing.
std::optional<Session::Moment> Session::Resolve(const ReadPoint& at) {
  Moment moment = Now();
  if (at.kind == ReadPoint::Kind::kSnapshot) {
    const Snapshot* snapshot = snapshots_[at.number];
    if (snapshot == nullptr) {
      return std::nullopt;
    }
    moment.options.snapshot = snapshot;
    moment.at = snapshot->timestamp();
  } else if (at.kind == ReadPoint::Kind::kCommit) {
    const std::vector<Timestamp>& commits = model_.current().commits();
    if (at.number >= commits.size()) {
      return std::nullopt;
    }
    moment.at = commits[commits.size() - 1 - at.number] + static_cast<Timestamp>(at.difference);
    moment.options.timestamp = moment.at;
    moment.answer = AnswerAt(moment.at);
  }
  return moment;
}

Session::Moment::Answer Session::AnswerAt(Timestamp at) const {
  const Timestamp last = model_.current().last_timestamp();
  if (at > last) {
    return Moment::Answer::kOutOfRange;
  }
  const bool held = std::any_of(snapshots_.begin(), snapshots_.end(), [at](const Snapshot* s) {
    return s != nullptr && s->timestamp() == at;
  });
  if (held || at >= db_->GetStatistics().history_floor) {
    return Moment::Answer::kRows;
  }
  // For a moment that a cursor holds, and for the newest one, the engine may answer more than it
  // promises.
  const bool may = at == last || std::any_of(cursors_.begin(), cursors_.end(), [at](const auto& c) {
                     return c.iterator != nullptr && c.at == at;
                   });
  return may ? Moment::Answer::kEither : Moment::Answer::kOutOfRange;
}

Difference Session::Admit(const absl::Status& status, const Moment& moment, const std::string& call,
                          bool* go) {
  Note(ToString(status));
  *go = status.ok() && moment.answer != Moment::Answer::kOutOfRange;
  const std::string where = call + " at " + std::to_string(moment.at);
  if (status.ok()) {
    return *go ? Agree() : where + " is answered, but that is not in the history that is kept";
  }
  if (status.code() == absl::StatusCode::kOutOfRange && moment.options.timestamp.has_value() &&
      (moment.answer != Moment::Answer::kRows || moment.at < db_->GetStatistics().history_floor)) {
    Mark("read outside the history is refused");
    return Agree();
  }
  if (Excused()) {
    Mark("error after an injected fault");
    return Agree();
  }
  return where + " failed: " + ToString(status);
}

// --- Single reads --------------------------------------------------------------------------------

Difference Session::ApplyRead(const Operation& operation) {
  HeldCursor& held = cursors_[operation.slot];
  if (operation.kind == OperationKind::kCursorMove) {
    return held.iterator != nullptr ? CompareMoves(operation.moves, &held) : Agree();
  }
  if (operation.kind == OperationKind::kCursorClose) {
    held = {};
    return Agree();
  }
  const std::optional<Moment> moment = Resolve(operation.at);
  if (!moment.has_value()) {
    return Agree();
  }
  switch (operation.kind) {
    case OperationKind::kGet:
      return CompareGet(operation.ns, KeyBytes(operation.key), *moment);
    case OperationKind::kMultiGet:
      return CompareMultiGet(operation, *moment);
    case OperationKind::kScan:
      return CompareScan(*db_, RangeOf(operation), operation.backward, operation.limit, *moment);
    case OperationKind::kCursorOpen:
      return held.iterator == nullptr ? OpenCursor(operation, &held) : Agree();
    case OperationKind::kIterate: {
      HeldCursor cursor;
      Difference difference = OpenCursor(operation, &cursor);
      return difference.agrees() && cursor.iterator != nullptr
                 ? CompareMoves(operation.moves, &cursor)
                 : difference;
    }
    default: {  // kPin
      HeldPin& pin = pins_[operation.slot];
      pin = {};
      const std::string key = KeyBytes(operation.key);
      Difference difference = CompareGet(operation.ns, key, *moment, &pin.value);
      const std::optional<Row> row = model_.current().Get(operation.ns, key, moment->at);
      if (difference.agrees() && row.has_value() && pin.value.view() == row->value) {
        pin.expected = row->value;
      }
      return difference;
    }
  }
}

Difference Session::CompareGet(NamespaceId ns, const std::string& key, const Moment& moment,
                               PinnedValue* value) {
  PinnedValue own;
  PinnedValue& pinned = value == nullptr ? own : *value;
  Timestamp timestamp = 0;
  const absl::StatusOr<bool> found = db_->Get(moment.options, ns, key, &pinned, &timestamp);
  if (!KeyIsLegal(key) || !NamespaceIsLegal(ns)) {
    const bool refused = found.status().code() == absl::StatusCode::kOutOfRange &&
                         moment.answer != Moment::Answer::kRows;
    return refused || (found.ok() && !*found)
               ? Agree()
               : ExpectCode(found.status(), absl::StatusCode::kInvalidArgument,
                            "Get of what cannot be there");
  }
  const std::string call = "Get(" + std::to_string(ns) + ", " + Quote(key) + ")";
  bool go = false;
  if (Difference difference = Admit(found.status(), moment, call, &go); !go) {
    return difference;
  }
  std::vector<Row> expected;
  if (std::optional<Row> row = model_.current().Get(ns, key, moment.at); row.has_value()) {
    expected.push_back(*std::move(row));
  }
  std::vector<Row> actual;
  if (*found) {
    actual.push_back({key, pinned.ToString(), timestamp});
    Note(pinned.view());
  }
  return DifferenceOf(expected, actual).In(call + " at " + std::to_string(moment.at) + ", ");
}

Difference Session::CompareMultiGet(const Operation& operation, const Moment& moment) {
  std::vector<std::string> keys;
  for (const Key& key : operation.keys) {
    if (std::string bytes = KeyBytes(key); KeyIsLegal(bytes)) {
      keys.push_back(std::move(bytes));
    }
  }
  if (!NamespaceIsLegal(operation.ns)) {
    return Agree();
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto values = db_->MultiGet(moment.options, operation.ns, views);
  bool go = false;
  if (Difference difference = Admit(values.status(), moment, "MultiGet", &go); !go) {
    return difference;
  }
  if (values->size() != keys.size()) {
    return "MultiGet of " + std::to_string(keys.size()) + " keys has " +
           std::to_string(values->size()) + " answers";
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Row> row = model_.current().Get(operation.ns, keys[i], moment.at);
    const std::optional<std::string>& value = (*values)[i];
    if (row.has_value() != value.has_value() || (row.has_value() && row->value != *value)) {
      return "MultiGet at " + std::to_string(moment.at) + ", key " + std::to_string(i) + ", " +
             Quote(keys[i]) + ": expected " + (row ? Quote(row->value) : "absent") + ", found " +
             (value ? Quote(*value) : "absent");
    }
  }
  return Agree();
}

// --- Scans and iterators -------------------------------------------------------------------------

Difference Session::CompareScan(Db& db, ScanOptions range, bool backward, uint32_t limit,
                                const Moment& moment) {
  static_cast<ReadOptions&>(range) = moment.options;
  const absl::StatusOr<std::vector<Row>> rows = ReadRows(db, range, backward, limit);
  if (!IsLegal(range) && rows.status().code() == absl::StatusCode::kInvalidArgument) {
    return Agree();
  }
  const std::string call = "the scan of namespace " + std::to_string(range.ns) + " from " +
                           DescribeBound(range.lower) + " to " + DescribeBound(range.upper) +
                           (backward ? ", backward," : "");
  bool go = false;
  if (Difference difference = Admit(rows.status(), moment, call, &go); !go) {
    return difference;
  }
  std::vector<Row> expected = model_.current().Scan(range.ns, range.lower, range.upper, moment.at);
  if (backward) {
    std::reverse(expected.begin(), expected.end());
  }
  if (limit != 0 && expected.size() > limit) {
    expected.resize(limit);
  }
  for (const Row& row : *rows) {
    Note(row.key), Note(row.value);
  }
  return DifferenceOf(expected, *rows).In(call + " at " + std::to_string(moment.at) + ": ");
}

Difference Session::OpenCursor(const Operation& operation, HeldCursor* cursor) {
  const std::optional<Moment> moment = Resolve(operation.at);
  ScanOptions range = RangeOf(operation);
  static_cast<ReadOptions&>(range) = moment->options;
  std::unique_ptr<DbIterator> iterator = db_->NewIterator(range);
  if (!IsLegal(range)) {
    return Agree();
  }
  bool go = false;
  if (Difference difference = Admit(iterator->status(), *moment, "NewIterator", &go); !go) {
    return difference;
  }
  cursor->iterator = std::move(iterator);
  cursor->at = moment->at;
  cursor->rows = model_.current().Scan(range.ns, range.lower, range.upper, moment->at);
  cursor->place.reset();
  return Agree();
}

Difference Session::CompareMoves(const std::vector<Move>& moves, HeldCursor* cursor) {
  DbIterator& iterator = *cursor->iterator;
  const std::vector<Row>& rows = cursor->rows;
  for (size_t i = 0; i < moves.size() && cursor->iterator != nullptr; ++i) {
    const std::string key = KeyBytes(moves[i].key);
    std::optional<size_t>& place = cursor->place;
    size_t next = 0;  // the place after the move; rows.size() and beyond: none
    switch (moves[i].kind) {
      case Move::Kind::kFirst:
        iterator.SeekToFirst();
        break;
      case Move::Kind::kLast:
        iterator.SeekToLast();
        next = rows.size() - 1;
        break;
      case Move::Kind::kNext:
      case Move::Kind::kPrev:
        if (!place.has_value()) {
          continue;
        }
        moves[i].kind == Move::Kind::kNext ? iterator.Next() : iterator.Prev();
        next = moves[i].kind == Move::Kind::kNext ? *place + 1 : *place - 1;
        break;
      case Move::Kind::kSeek:
        iterator.Seek(key);
        next = static_cast<size_t>(
            std::count_if(rows.begin(), rows.end(), [&](const Row& r) { return r.key < key; }));
        break;
      case Move::Kind::kSeekForPrev:
        iterator.SeekForPrev(key);
        next = static_cast<size_t>(std::count_if(rows.begin(), rows.end(),
                                                 [&](const Row& r) { return r.key <= key; })) -
               1;
        break;
    }
    place = next < rows.size() ? std::optional<size_t>(next) : std::nullopt;
    VERALITH_RETURN_IF_DIFFERENT(CompareCursor(cursor, "after move " + std::to_string(i)));
  }
  return Agree();
}

Difference Session::CompareCursor(HeldCursor* cursor, const std::string& after) {
  const DbIterator& iterator = *cursor->iterator;
  const std::string call = "the iterator at " + std::to_string(cursor->at) + " " + after;
  std::vector<Row> actual;
  if (iterator.Valid()) {  // the timestamp is read now, and may be unreadable: before the status
    actual.push_back(
        {std::string(iterator.key()), std::string(iterator.value()), iterator.timestamp()});
    Note(actual.front().key);
  }
  if (!iterator.status().ok()) {
    if (iterator.Valid()) {
      return call + " is valid and has an error: " + ToString(iterator.status());
    }
    Difference difference = Expect(iterator.status(), call);
    *cursor = {};
    return difference;
  }
  std::vector<Row> expected;
  if (cursor->place.has_value()) {
    expected.push_back(cursor->rows[*cursor->place]);
  }
  return DifferenceOf(expected, actual).In(call + ", ");
}

// --- Everything ----------------------------------------------------------------------------------

std::set<NamespaceId> Session::AllNamespaces() const {
  std::set<NamespaceId> all = namespaces_;
  for (const NamespaceId ns : model_.current().Namespaces()) {
    all.insert(ns);
  }
  return all;
}

Difference Session::CompareNamespaces(Db& db, const Moment& moment) {
  const absl::StatusOr<std::vector<NamespaceId>> listed = db.ListNamespaces(moment.options);
  bool go = false;
  Difference difference = Admit(listed.status(), moment, "ListNamespaces", &go);
  if (!difference.agrees() || !go) {
    return difference;
  }
  std::vector<NamespaceId> expected;
  for (const auto& [ns, rows] : model_.current().All(moment.at)) {
    expected.push_back(ns);
  }
  const auto text = [](const std::vector<NamespaceId>& namespaces) {
    std::string all;
    for (const NamespaceId ns : namespaces) {
      all += " " + std::to_string(ns);
    }
    return all;
  };
  return *listed == expected ? Agree()
                             : "ListNamespaces at " + std::to_string(moment.at) + ": expected" +
                                   text(expected) + ", found" + text(*listed);
}

Difference Session::CompareContents(Db& db, const Moment& moment) {
  for (const NamespaceId ns : AllNamespaces()) {
    for (const bool backward : {false, true}) {
      ScanOptions range;
      range.ns = ns;
      VERALITH_RETURN_IF_DIFFERENT(CompareScan(db, range, backward, 0, moment));
    }
  }
  return CompareNamespaces(db, moment);
}

Difference Session::ComparePins() const {
  for (const HeldPin& pin : pins_) {
    if (pin.expected.has_value() && pin.value.view() != *pin.expected) {
      return "a pinned value changed: expected " + Quote(*pin.expected) + ", found " +
             Quote(pin.value.view());
    }
  }
  return Agree();
}

Difference Session::CompareEverything() {
  VERALITH_RETURN_IF_DIFFERENT(ComparePins());
  if (db_ == nullptr) {
    return Agree();
  }
  CountMarks();
  VERALITH_RETURN_IF_DIFFERENT(CompareContents(*db_, Now()));
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if (snapshots_[slot] != nullptr) {
      const Moment held = *Resolve({ReadPoint::Kind::kSnapshot, slot, 0});
      VERALITH_RETURN_IF_DIFFERENT(CompareContents(*db_, held));
    }
    if (cursors_[slot].iterator != nullptr) {
      VERALITH_RETURN_IF_DIFFERENT(CompareCursor(&cursors_[slot], "where it stood"));
    }
  }
  for (const NamespaceId ns : model_.current().Namespaces()) {
    for (const std::string& key : model_.current().Keys(ns)) {
      VERALITH_RETURN_IF_DIFFERENT(CompareGet(ns, key, Now()));
    }
  }
  return Agree();
}

}  // namespace veralith::model
