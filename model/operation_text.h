// SPDX-License-Identifier: Apache-2.0

// The text form of operations, one per line:
//
//   put 0 k3 100 -                    namespace, key, bytes of value, durability (- default)
//   put 9 "a\x00b"*40 1 commit        a literal key, repeated
//   delete-range 0 k1 - -             from k1 to the end of the namespace
//   batch {put 0 k1 10; delete 1 k2; delete-range 0 k1 k5} manual
//   get 0 k3 now                      or s2: snapshot in slot 2; c0: at the newest commit;
//                                     c3-1: one nanosecond before the third before it
//   scan 0 [k1 k5) backward 10 now    bounds: [k inclusive (k exclusive - open; limit 0: none
//   iterate 0 - k5] s1 {first next seek k3 prev}
//   compact * - -                     all namespaces
//   fail sync log 3 io once           the third sync of a log from now fails
//
// Parsing and printing are inverse: Parse(Print(o)) == o for every o, and Print(Parse(t)) == t for
// every t that Print made. The parser is total: any line gives an operation or a message that
// names the column and what was expected.
#ifndef VERALITH_MODEL_OPERATION_TEXT_H_
#define VERALITH_MODEL_OPERATION_TEXT_H_

#include <string>
#include <string_view>

#include "model/operation.h"

namespace veralith::model {

std::string PrintOperation(const Operation& operation);

// Returns false and sets `error` ("column 7: expected a key, such as k3 or \"ab\"") if it is none.
bool ParseOperation(std::string_view line, Operation* operation, std::string* error);

// "\x00ab" with quotes: printable ASCII as it is, everything else as \xhh.
std::string Quote(std::string_view bytes);

// "c12+1", "s2", "now". Used in messages, too.
std::string PrintReadPoint(const ReadPoint& at);
std::string PrintKey(const Key& key);

}  // namespace veralith::model

#endif  // VERALITH_MODEL_OPERATION_TEXT_H_
