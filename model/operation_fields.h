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
void VisitField(Field field, Operation& o, Visitor& v) {
  switch (field) {
    case Field::kNone:
      return;
    case Field::kNamespace:
      return v.Namespace(o.ns);
    case Field::kOnlyNamespace:
      return v.OnlyNamespace(o.only_ns);
    case Field::kKey:
      return v.OneKey(o.key);
    case Field::kEnd:
      return v.End(o.end);
    case Field::kLength:
      return v.Length(o.length);
    case Field::kDurability:
      return v.Sync(o.durability);
    case Field::kParts:
      return v.Parts(o.parts);
    case Field::kKeys:
      return v.Keys(o.keys);
    case Field::kLower:
      return v.Lower(o.lower);
    case Field::kUpper:
      return v.Upper(o.upper);
    case Field::kBackward:
      return v.Backward(o.backward);
    case Field::kLimit:
      return v.Limit(o.limit);
    case Field::kAt:
      return v.At(o.at);
    case Field::kMoves:
      return v.Moves(o.moves);
    case Field::kSlot:
      return v.Slot(o.slot);
    case Field::kCount:
      return v.Count(o.count);
    case Field::kSeed:
      return v.Seed(o.seed);
    case Field::kNanos:
      return v.Nanos(o.nanos);
    case Field::kFault:
      return v.OneFault(o.fault);
  }
}

template <typename Visitor>
void VisitFields(Operation& o, Visitor& v) {
  for (const Field field : RowOf(o.kind).fields) {
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
