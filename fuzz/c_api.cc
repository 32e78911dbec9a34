// SPDX-License-Identifier: Apache-2.0

// Calls of veralith/c.h in any order, right and wrong, on a simulated disk. The oracle: the answers
// are those of the model (model/kv_model.h), at the newest moment, at snapshots, at timestamps, of
// iterators and of published tables. A wrong argument is InvalidArgument or Unimplemented and
// changes nothing; a call on a closed database is FailedPrecondition. After an error every output
// is null. Objects are freed in any order: the database before its iterators and snapshots, too.
//
// Each call is a byte, then its arguments: a byte each for a key, a namespace, a size, a slot.
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "fuzz/c_api_run.h"

namespace veralith::c_api {
namespace {

constexpr size_t kMostCalls = 300;
// Bytes from here on are calls that came later: so the saved inputs mean what they meant.
constexpr size_t kLaterCalls = 240;

}  // namespace

void Run::Calls() {
  using Call = void (Run::*)();
  static constexpr Call kCalls[] = {
      &Run::Put,          &Run::Delete,
      &Run::DeleteRange,  &Run::AddToBatch,
      &Run::ReadBatch,    &Run::WriteBatchNow,
      &Run::Get,          &Run::GetPinned,
      &Run::MultiGet,     &Run::CreateIterator,
      &Run::MoveIterator, &Run::Hold,
      &Run::Release,      &Run::Maintain,
      &Run::Compact,      &Run::Report,
      &Run::Misuse,       &Run::Options,
      &Run::Close,        &Run::Reopen,
      &Run::OpenAgain,    &Run::Put,
      &Run::MoveIterator, &Run::MoveIterator,
  };
  static constexpr Call kLater[] = {&Run::Namespaces, &Run::Publish, &Run::ResetPinned,
                                    &Run::Repair, &Run::Executor};
  for (; !input_.empty() && position_ < kMostCalls; ++position_) {
    const size_t byte = input_.Byte();
    (this->*(byte < kLaterCalls ? kCalls[byte % std::size(kCalls)]
                                : kLater[(byte - kLaterCalls) % std::size(kLater)]))();
  }
  if (!closed_) {
    CompareAll(db_);
  }
}

}  // namespace veralith::c_api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  veralith::c_api::Run({reinterpret_cast<const char*>(data), size}).Calls();
  return 0;
}
