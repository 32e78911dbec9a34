// The fields of each kind of operation, in the order of its text form: the one list from which the
// text, byte, random and simplified forms are derived.
//
// A visitor has one method per type of field, taking a reference to the field. VisitFields calls
// them in order; a parser or decoder fills the fields, a printer reads them.
#ifndef VERALITH_MODEL_OPERATION_FIELDS_H_
#define VERALITH_MODEL_OPERATION_FIELDS_H_

#include "model/operation.h"

namespace veralith::model {

template <typename Visitor>
void VisitScanRange(Operation& o, Visitor& v) {
  v.Namespace(o.ns);
  v.Lower(o.lower);
  v.Upper(o.upper);
}

template <typename Visitor>
void VisitFields(Operation& o, Visitor& v) {
  switch (o.kind) {
    case OperationKind::kPut:
      v.Namespace(o.ns), v.OneKey(o.key), v.Length(o.length), v.Sync(o.durability);
      return;
    case OperationKind::kDelete:
      v.Namespace(o.ns), v.OneKey(o.key), v.Sync(o.durability);
      return;
    case OperationKind::kDeleteRange:
      v.Namespace(o.ns), v.OneKey(o.key), v.End(o.end), v.Sync(o.durability);
      return;
    case OperationKind::kBatch:
      v.Parts(o.parts), v.Sync(o.durability);
      return;
    case OperationKind::kGet:
      v.Namespace(o.ns), v.OneKey(o.key), v.At(o.at);
      return;
    case OperationKind::kMultiGet:
      v.Namespace(o.ns), v.Keys(o.keys), v.At(o.at);
      return;
    case OperationKind::kScan:
      VisitScanRange(o, v);
      v.Backward(o.backward), v.Limit(o.limit), v.At(o.at);
      return;
    case OperationKind::kIterate:
      VisitScanRange(o, v);
      v.At(o.at), v.Moves(o.moves);
      return;
    case OperationKind::kCursorOpen:
      v.Slot(o.slot);
      VisitScanRange(o, v);
      v.At(o.at);
      return;
    case OperationKind::kCursorMove:
      v.Slot(o.slot), v.Moves(o.moves);
      return;
    case OperationKind::kPin:
      v.Slot(o.slot), v.Namespace(o.ns), v.OneKey(o.key), v.At(o.at);
      return;
    case OperationKind::kSnapshot:
      v.Slot(o.slot), v.At(o.at);
      return;
    case OperationKind::kRelease:
    case OperationKind::kCursorClose:
      v.Slot(o.slot);
      return;
    case OperationKind::kCompact:
      v.OnlyNamespace(o.only_ns), v.Lower(o.lower), v.Upper(o.upper);
      return;
    case OperationKind::kRunBackground:
      v.Count(o.count);
      return;
    case OperationKind::kAdvanceTime:
    case OperationKind::kStepBack:
    case OperationKind::kAdvanceClock:
      v.Nanos(o.nanos);
      return;
    case OperationKind::kMisread:
      v.Backward(o.backward), v.Nanos(o.nanos);
      return;
    case OperationKind::kFail:
      v.OneFault(o.fault);
      return;
    case OperationKind::kCrash:
      v.Seed(o.seed);
      return;
    case OperationKind::kPowerCut:
      v.Count(o.count), v.Seed(o.seed);
      return;
    case OperationKind::kFlush:
    case OperationKind::kSync:
    case OperationKind::kWaitIdle:
    case OperationKind::kReopen:
    case OperationKind::kCheck:
    case OperationKind::kReadOnlyVisit:
    case OperationKind::kCheckpoint:
    case OperationKind::kResume:
    case OperationKind::kHeal:
    case OperationKind::kKill:
    case OperationKind::kClose:
      return;
  }
}

template <typename Visitor>
void VisitPart(BatchPart& p, Visitor& v) {
  v.Namespace(p.ns), v.OneKey(p.key);
  if (p.kind == BatchPart::Kind::kPut) {
    v.Length(p.length);
  } else if (p.kind == BatchPart::Kind::kDeleteRange) {
    v.End(p.end);
  }
}

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_FIELDS_H_
