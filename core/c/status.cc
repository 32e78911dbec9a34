// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>
#include <iterator>

#include "core/c/border.h"
#include "veralith/version.h"

int32_t veralith_status_code(const veralith_status_t* status) {
  return status == nullptr ? VERALITH_OK : status->code;
}

const char* veralith_status_message(const veralith_status_t* status) {
  return status == nullptr ? "" : status->message.c_str();
}

const char* veralith_code_name(int32_t code) {
  static constexpr const char* kNames[] = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  const bool known = code >= 0 && static_cast<size_t>(code) < std::size(kNames);
  return kNames[known ? code : VERALITH_UNKNOWN];
}

void veralith_status_free(veralith_status_t* status) {
  if (status != nullptr && !status->is_static) {
    delete status;
  }
}

void veralith_free(void* bytes) { std::free(bytes); }

const char* veralith_version(void) { return veralith::kVersion.data(); }
