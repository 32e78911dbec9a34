// SPDX-License-Identifier: Apache-2.0

// Deletion vectors in a Puffin file (Iceberg's Puffin and table specifications, v3): one blob
// "deletion-vector-v1" per data file.
//
// Only written: what reads one needs its place alone, which the manifest has.
// Thread rule: one thread.
#ifndef VERALITH_CORE_ICEBERG_PUFFIN_H_
#define VERALITH_CORE_ICEBERG_PUFFIN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/iceberg/position_set.h"

namespace veralith::iceberg {

// Returns the blob: length of magic and vector (big-endian), magic, vector, CRC-32 of magic and
// vector (big-endian).
std::string DeletionVectorBlob(const PositionSet& rows);

// A Puffin file, from its magic to its magic.
class PuffinBuilder {
 public:
  PuffinBuilder();

  // Adds the blob for a data file; returns where it stands in the file.
  uint64_t Add(std::string_view blob, std::string_view data_file, uint64_t cardinality);
  bool empty() const { return blobs_.empty(); }
  // Returns the file's bytes.
  std::string Finish();

 private:
  struct Blob {
    uint64_t offset;
    uint64_t bytes;
    std::string data_file;
    uint64_t cardinality;
  };
  std::string file_;
  std::vector<Blob> blobs_;
};

}  // namespace veralith::iceberg

#endif  // VERALITH_CORE_ICEBERG_PUFFIN_H_
