// SPDX-License-Identifier: Apache-2.0

// The fields of each kind of operation, in the order of its text form: the one list from which the
// text, byte, random and simplified forms are derived.
//
// A visitor has one method per type of field, taking a reference to the field. VisitFields calls
// them in order; a parser or decoder fills the fields, a printer reads them.
#ifndef VERALITH_MODEL_OPERATION_FIELDS_H_
#define VERALITH_MODEL_OPERATION_FIELDS_H_

#include "model/operation.h"
#include "model/operation_table.h"

namespace veralith::model {

template <typename Visitor>
void VisitField(OperationField field, Operation& o, Visitor& v) {
  switch (field) {
    case OperationField::kNone:
      return;
    case OperationField::kNamespace:
      return v.Namespace(o.ns);
    case OperationField::kOnlyNamespace:
      return v.OnlyNamespace(o.only_ns);
    case OperationField::kKey:
      return v.OneKey(o.key);
    case OperationField::kEnd:
      return v.End(o.end);
    case OperationField::kLength:
      return v.Length(o.length);
    case OperationField::kDurability:
      return v.Sync(o.durability);
    case OperationField::kParts:
      return v.Parts(o.parts);
    case OperationField::kKeys:
      return v.Keys(o.keys);
    case OperationField::kLower:
      return v.Lower(o.lower);
    case OperationField::kUpper:
      return v.Upper(o.upper);
    case OperationField::kBackward:
      return v.Backward(o.backward);
    case OperationField::kLimit:
      return v.Limit(o.limit);
    case OperationField::kAt:
      return v.At(o.at);
    case OperationField::kMoves:
      return v.Moves(o.moves);
    case OperationField::kSlot:
      return v.Slot(o.slot);
    case OperationField::kCount:
      return v.Count(o.count);
    case OperationField::kSeed:
      return v.Seed(o.seed);
    case OperationField::kNanos:
      return v.Nanos(o.nanos);
    case OperationField::kFault:
      return v.OneFault(o.fault);
  }
}

template <typename Visitor>
void VisitFields(Operation& o, Visitor& v) {
  for (const OperationField field : RowOf(o.kind).fields) {
    VisitField(field, o, v);
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
