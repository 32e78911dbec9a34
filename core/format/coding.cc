// SPDX-License-Identifier: Apache-2.0

#include "core/format/coding.h"

namespace veralith {

bool ByteReader::ReadLongVarint64(uint64_t* v, std::string_view what) {
  if (!ok()) {
    return false;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < kMaxVarint64Bytes; ++i) {
    if (i == remaining()) {
      return FailAt(offset_, Fault::kShort, what, i + 1);
    }
    const uint64_t byte = static_cast<uint8_t>(input_[offset_ + i]);
    if (i == kMaxVarint64Bytes - 1 && byte > 1) {
      break;
    }
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) {
        break;  // a last group of zeros adds nothing: a second, longer encoding of the value
      }
      offset_ += i + 1;
      *v = value;
      return true;
    }
  }
  return FailAt(offset_, Fault::kOverlong, what, 0);
}

bool ByteReader::FailAt(size_t offset, Fault fault, std::string_view what, uint64_t number) {
  if (ok()) {
    fault_ = fault;
    fault_offset_ = offset;
    fault_number_ = number;
    fault_what_ = what;
  }
  return false;
}

absl::Status ByteReader::status() const {
  const std::string at = StrCat("offset ", fault_offset_, ": ");
  switch (fault_) {
    case Fault::kNone:
      break;
    case Fault::kShort:
      return DataLoss(StrCat(at, "expected ", fault_number_, " bytes of ", fault_what_, ", ",
                             input_.size() - fault_offset_, " remain"));
    case Fault::kOverlong:
      return DataLoss(StrCat(at, "expected ", fault_what_, ", found no well-formed varint"));
    case Fault::kTooLarge:
      return DataLoss(StrCat(at, "expected ", fault_what_, " of at most ", fault_number_));
    case Fault::kTrailing:
      return DataLoss(
          StrCat(at, "expected the end of ", fault_what_, ", ", fault_number_, " bytes remain"));
    case Fault::kWrong:
      return DataLoss(StrCat(at, fault_what_));
  }
  return absl::OkStatus();
}

}  // namespace veralith
