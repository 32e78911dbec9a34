// SPDX-License-Identifier: Apache-2.0

// A program that keeps its settings in a file, without a database, and a test of it: the power is
// cut at every step of a save, and every disk that may be left has either the old settings or the
// new ones. The test also sees that it finds a wrong way to save.
#include <iostream>
#include <span>
#include <string>

#include "veralith/testing/power_cuts.h"

namespace {

using veralith::FileSystem;
using veralith::OpenMode;
using veralith::SimulatedFileSystem;

absl::Status WriteFile(FileSystem& disk, const std::string& path, const std::string& text) {
  const auto file = disk.Open(path, OpenMode::kCreate);
  if (!file.ok()) {
    return file.status();
  }
  const absl::Status written = (*file)->Append(text);
  return written.ok() ? (*file)->Sync() : written;
}

// The right way: a new file, its bytes first, then its name.
absl::Status Save(FileSystem& disk, const std::string& text) {
  disk.Remove("/settings.new").IgnoreError();  // what a crash left
  absl::Status status = WriteFile(disk, "/settings.new", text);
  if (status.ok()) {
    status = disk.Rename("/settings.new", "/settings");
  }
  return status.ok() ? disk.SyncDirectory("/") : status;
}

// A wrong way: between the two calls there is no file.
absl::Status SaveAnew(FileSystem& disk, const std::string& text) {
  disk.Remove("/settings").IgnoreError();
  const absl::Status status = WriteFile(disk, "/settings", text);
  return status.ok() ? disk.SyncDirectory("/") : status;
}

absl::StatusOr<std::string> Load(FileSystem& disk) {
  const auto file = disk.Open("/settings", OpenMode::kRead);
  if (!file.ok()) {
    return file.status();
  }
  std::string text(100, '\0');
  const absl::StatusOr<size_t> count = (*file)->ReadAt(0, std::span(text.data(), text.size()));
  return count.ok() ? text.substr(0, *count) : absl::StatusOr<std::string>(count.status());
}

using Saves = absl::Status (*)(FileSystem& disk, const std::string& text);

veralith::PowerCutReport CutThePower(Saves save) {
  SimulatedFileSystem start;
  Save(start, "dark").IgnoreError();
  bool saved = false;
  const auto program = [&](SimulatedFileSystem& disk) { saved = save(disk, "light").ok(); };
  const auto check = [&](SimulatedFileSystem& disk) {
    const absl::StatusOr<std::string> text = Load(disk);
    if (!text.ok()) {
      return text.status();
    }
    return *text == "light" || (*text == "dark" && !saved)
               ? absl::OkStatus()
               : absl::DataLossError("the settings are " + *text);
  };
  return veralith::CutPowerAtEveryStep(program, check, {.start = &start});
}

}  // namespace

int main() {
  const veralith::PowerCutReport right = CutThePower(&Save);
  const veralith::PowerCutReport wrong = CutThePower(&SaveAnew);
  std::cout << "replaced: " << right.Text() << "\nwritten anew: " << wrong.Text() << "\n";
  return right.status.ok() && right.complete && !wrong.status.ok() ? 0 : 1;
}
