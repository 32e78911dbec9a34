// SPDX-License-Identifier: Apache-2.0

#include "core/fs/file_table.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/per_process.h"
#include "core/base/status.h"
#include "core/fs/errno_status.h"

namespace veralith {
namespace {

constexpr size_t kTailBytes = 4096;
constexpr int kMostAttempts = 3;

// The tables of file systems with a limit.
struct ListedTables {
  Mutex mutex;
  std::vector<FileTable*> all ABSL_GUARDED_BY(mutex);
};
ListedTables& Listed() {
  static PerProcess<ListedTables>* const listed = new PerProcess<ListedTables>;
  return listed->Get();
}

// A hash of the end of a file, which is where a segment names its contents.
absl::StatusOr<uint64_t> HashOfTail(const File& file) {
  const uint64_t bytes = file.identity().bytes;
  const size_t wanted = std::min<uint64_t>(bytes, kTailBytes);
  std::string tail(wanted, '\0');
  VERALITH_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(bytes - wanted, tail));
  return uint64_t{std::hash<std::string_view>()(std::string_view(tail).substr(0, read))};
}

}  // namespace

class TableFile final : public File {
 public:
  TableFile(std::shared_ptr<FileTable> table, std::string path, const FileIdentity& identity,
            uint64_t tail)
      : table_(std::move(table)), path_(std::move(path)), identity_(identity), tail_(tail) {}
  ~TableFile() override { table_->Forget(this); }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    VERALITH_RETURN_IF_ERROR(Use());
    absl::StatusOr<size_t> read = file_->ReadAt(offset, out);
    EndUse();
    return read;
  }
  absl::StatusOr<uint64_t> Size() const override {
    VERALITH_RETURN_IF_ERROR(Use());
    absl::StatusOr<uint64_t> size = file_->Size();
    EndUse();
    return size;
  }
  absl::Status Append(std::string_view) override { return ReadOnly("append"); }
  absl::Status WriteAt(uint64_t, std::string_view) override { return ReadOnly("write"); }
  absl::Status Preallocate(uint64_t) override { return ReadOnly("preallocate"); }
  absl::Status Truncate(uint64_t) override { return ReadOnly("truncate"); }
  absl::Status Sync() override { return ReadOnly("sync"); }
  absl::Status Close() override {
    VERALITH_RETURN_IF_ERROR(CheckOpen("close"));
    closed_ = true;
    table_->Forget(this);
    return absl::OkStatus();
  }
  const std::string& path() const override { return path_; }
  FileIdentity identity() const override { return identity_; }

 private:
  friend class FileTable;
  static constexpr uint32_t kOpen = uint32_t{1} << 31;

  absl::Status CheckOpen(const char* call) const {
    return closed_ ? FailedPrecondition(path_ + ": " + call + ": the file is closed")
                   : absl::OkStatus();
  }
  absl::Status ReadOnly(const char* call) const {
    VERALITH_RETURN_IF_ERROR(CheckOpen(call));
    return FailedPrecondition(path_ + ": " + call + ": the file is open for reading only");
  }

  // On OK, file_ stays open until EndUse.
  absl::Status Use() const {
    if (TryUse()) [[likely]] {
      return absl::OkStatus();
    }
    VERALITH_RETURN_IF_ERROR(CheckOpen("read"));
    return table_->OpenAgain(const_cast<TableFile*>(this));
  }
  bool TryUse() const {
    if ((uses_.FetchAdd(1) & kOpen) == 0) {
      uses_.FetchSub(1);
      return false;
    }
    if (!was_read_.LoadRelaxed()) {
      was_read_.StoreRelaxed(true);  // a hint to the clock, which orders nothing
    }
    return true;
  }
  void EndUse() const { uses_.FetchSub(1); }

  // DataLoss when `opened` is not what was opened first.
  absl::Status CheckIsTheSame(const File& opened) const {
    if (opened.identity() == identity_) {
      return absl::OkStatus();
    }
    const uint64_t bytes = opened.identity().bytes;
    if (bytes == identity_.bytes) {
      VERALITH_ASSIGN_OR_RETURN(const uint64_t tail, HashOfTail(opened));
      if (tail == tail_) {
        return absl::OkStatus();
      }
    }
    return DataLoss(path_ + " was replaced while it was in use: it had " +
                    std::to_string(identity_.bytes) +
                    " bytes when it was first opened, and another " + "file of " +
                    std::to_string(bytes) + " bytes has its name now; put the first " + "one back");
  }

  const std::shared_ptr<FileTable> table_;
  const std::string path_;
  const FileIdentity identity_;
  const uint64_t tail_;  // HashOfTail
  // kOpen while file_ is open, plus the number of uses. A use counts only if it found kOpen.
  // Whoever finds exactly kOpen may take it away, and then the file.
  mutable Atomic<uint32_t> uses_{0};
  mutable Atomic<bool> was_read_{true};  // since the clock last came by
  std::unique_ptr<File> file_;           // changes under the table's mutex, while there is no use
  size_t place_ = 0;                     // index in open_; under the table's mutex
  bool closed_ = false;                  // set by Close, which nobody calls beside reads
};

FileTable::FileTable(FileSystem* fs, size_t limit, FileSystem* whole)
    : fs_(fs),
      whole_(whole != nullptr ? whole : fs),
      limit_(limit),
      is_listed_(fs->MaxOpenFiles().has_value()) {
  if (is_listed_) {
    ListedTables& listed = Listed();
    MutexLock lock(listed.mutex);
    listed.all.push_back(this);
  }
}

FileTable::~FileTable() {
  if (is_listed_) {
    ListedTables& listed = Listed();
    MutexLock lock(listed.mutex);
    std::erase(listed.all, this);
  }
}

// A place among the open files: another file was closed to make room for it. It is given back
// unless it is filled.
class FileTable::Place {
 public:
  explicit Place(FileTable* table) : table_(table) {
    std::vector<std::unique_ptr<File>> displaced;  // closed without the mutex
    MutexLock lock(table_->mutex_);
    std::vector<TableFile*>& open = table_->open_;
    const size_t needed = open.size() + table_->opening_ + 1;
    if (open.capacity() < needed) {
      open.reserve(2 * needed);
    }
    while (open.size() + table_->opening_ + 1 > table_->limit_) {
      std::unique_ptr<File> file = table_->Evict();
      if (file == nullptr) {
        break;
      }
      displaced.push_back(std::move(file));
    }
    ++table_->opening_;
  }
  ~Place() {
    if (!is_filled_) {
      MutexLock lock(table_->mutex_);
      --table_->opening_;
    }
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  void Fill(TableFile* file, std::unique_ptr<File> opened)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(table_->mutex_) {
    --table_->opening_;
    is_filled_ = true;
    table_->Add(file, std::move(opened));
  }

 private:
  FileTable* const table_;
  bool is_filled_ = false;
};

absl::StatusOr<std::unique_ptr<File>> FileTable::Open(const std::string& path) {
  Place place(this);
  VERALITH_ASSIGN_OR_RETURN(std::unique_ptr<File> opened, OpenOnDisk(path));
  VERALITH_ASSIGN_OR_RETURN(const uint64_t tail, HashOfTail(*opened));
  auto file = std::make_unique<TableFile>(shared_from_this(), path, opened->identity(), tail);
  MutexLock lock(mutex_);
  place.Fill(file.get(), std::move(opened));
  return file;
}

absl::StatusOr<std::unique_ptr<File>> FileTable::OpenOnDisk(const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file = fs_->Open(path, OpenMode::kRead);
  for (int i = 0; i < kMostAttempts && IsOutOfDescriptors(file.status()) && MakeRoom() > 0; ++i) {
    file = fs_->Open(path, OpenMode::kRead);
  }
  return file;
}

absl::Status FileTable::OpenAgain(TableFile* file) {
  {
    MutexLock lock(mutex_);
    if (file->TryUse()) {
      return absl::OkStatus();  // another reader was faster
    }
    VERALITH_RETURN_IF_ERROR(CheckNotClosed(*file));
  }
  Place place(this);
  absl::StatusOr<std::unique_ptr<File>> opened = OpenOnDisk(file->path_);
  absl::Status status = opened.status();
  if (absl::IsNotFound(status)) {
    status =
        DataLoss(file->path_ + " is missing, but existed when it was first opened; put it back");
  } else if (status.ok()) {
    status = file->CheckIsTheSame(**opened);
  }
  if (!status.ok() && judge_ != nullptr) {
    status = judge_(status);
  }
  VERALITH_RETURN_IF_ERROR(status);
  MutexLock lock(mutex_);  // released before `opened` closes what is not needed
  if (file->TryUse()) {
    return absl::OkStatus();
  }
  VERALITH_RETURN_IF_ERROR(CheckNotClosed(*file));
  place.Fill(file, *std::move(opened));
  VERALITH_CHECK(file->TryUse());
  return absl::OkStatus();
}

absl::Status FileTable::CheckNotClosed(const TableFile& file) const {
  return closed_ ? FailedPrecondition(file.path_ + ": read: the database is closed")
                 : absl::OkStatus();
}

std::unique_ptr<File> FileTable::Evict() {
  // Twice around: in the first round all of them may have been read.
  for (size_t left = 2 * open_.size(); left > 0; --left) {
    hand_ = hand_ < open_.size() ? hand_ : 0;
    TableFile* const file = open_[hand_];
    if (file->was_read_.LoadRelaxed()) {
      file->was_read_.StoreRelaxed(false);
    } else if (std::unique_ptr<File> taken = Take(file); taken != nullptr) {
      return taken;
    }
    ++hand_;
  }
  return nullptr;
}

void FileTable::Add(TableFile* file, std::unique_ptr<File> opened) noexcept {
  file->file_ = std::move(opened);
  file->place_ = open_.size();
  file->was_read_.StoreRelaxed(true);
  open_.push_back(file);
  ++opened_;
  file->uses_.FetchAdd(TableFile::kOpen);
}

// Returns null if the file is not open, or is being read.
std::unique_ptr<File> FileTable::Take(TableFile* file) {
  uint32_t uses = TableFile::kOpen;  // and none beside it
  if (!file->uses_.CompareExchange(uses, 0)) {
    return nullptr;
  }
  open_[file->place_] = open_.back();
  open_[file->place_]->place_ = file->place_;
  open_.pop_back();
  return std::move(file->file_);
}

void FileTable::Forget(TableFile* file) {
  std::unique_ptr<File> taken;  // closed without the mutex
  MutexLock lock(mutex_);
  taken = Take(file);
  VERALITH_CHECK((file->uses_.Load() & TableFile::kOpen) == 0);  // no read outlives its File
}

size_t FileTable::CloseIdle() noexcept {
  size_t closed = 0;
  for (size_t left = open_files(); left > 0; --left) {
    std::unique_ptr<File> file;  // closed without the mutex
    MutexLock lock(mutex_);
    file = TakeIdle();
    if (file == nullptr) {
      break;
    }
    ++closed;
  }
  return closed;
}

// Returns null if all files are being read.
std::unique_ptr<File> FileTable::TakeIdle() {
  for (size_t i = open_.size(); i-- > 0;) {
    if (std::unique_ptr<File> file = Take(open_[i]); file != nullptr) {
      return file;
    }
  }
  return nullptr;
}

size_t FileTable::MakeRoom() {
  const size_t own = CloseIdle();
  return own > 0 || !is_listed_ ? own : CloseIdleOfOthers();
}

size_t FileTable::CloseIdleOfOthers() {
  ListedTables& listed = Listed();
  MutexLock lock(listed.mutex);
  size_t closed = 0;
  for (FileTable* const table : listed.all) {
    closed += table->whole_ == whole_ ? table->CloseIdle() : 0;
  }
  return closed;
}

void FileTable::Close() noexcept {
  {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  CloseIdle();
}

size_t FileTable::open_files() const {
  MutexLock lock(mutex_);
  return open_.size();
}

uint64_t FileTable::files_opened() const {
  MutexLock lock(mutex_);
  return opened_;
}

}  // namespace veralith
