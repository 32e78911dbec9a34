// SPDX-License-Identifier: Apache-2.0

// Calls of veralith/c.h in any order, right and wrong, on a simulated disk. The oracle: the answers
// are those of the model (model/kv_model.h), at the newest moment, at snapshots, at timestamps and
// of iterators. A wrong argument is InvalidArgument or Unimplemented and changes nothing; a call on
// a closed database is FailedPrecondition. After an error every output is null. Objects are freed
// in any order: the database before its iterators and snapshots, too.
//
// Each call is a byte, then its arguments: a byte each for a key, a namespace, a size, a slot.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/c/objects.h"
#include "fuzz/c_api_wrong_calls.h"
#include "model/kv_model.h"
#include "veralith/c.h"
#include "veralith/testing/simulated_clock.h"
#include "veralith/testing/simulated_executor.h"
#include "veralith/testing/simulated_file_system.h"

namespace veralith {
namespace {

using model::Row;
using model::Write;

constexpr size_t kMostCalls = 300;
constexpr size_t kSlots = 3;
constexpr const char* kDirectory = "db";
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"write_buffer_bytes", "4096"},   {"cache_bytes", "4096"},
    {"key_page_bytes", "256"},        {"value_page_bytes", "256"},
    {"target_segment_bytes", "4096"}, {"level0_compaction_trigger", "3"},
    {"min_free_bytes", "0"},
};

class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  size_t Byte() {
    const size_t byte = bytes_.empty() ? 0 : static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(bytes_.empty() ? 0 : 1);
    return byte;
  }
  std::string Text(size_t most) {
    const std::string text(bytes_.substr(0, Byte() % (most + 1)));
    bytes_.remove_prefix(std::min(text.size(), bytes_.size()));
    return text.substr(0, text.find('\0'));
  }
  // Up to three letters of four; one byte of 64 is a long key.
  std::string Key() {
    const size_t byte = Byte();
    if (byte >= 252) {
      return std::string(byte == 255 ? VERALITH_MAX_KEY_BYTES : 300, 'b');
    }
    std::string key;
    for (size_t i = 0; i < byte % 4; ++i) {
      key += static_cast<char>('a' + (byte >> (2 * i + 2) & 3));
    }
    return key;
  }
  uint64_t Namespace() {
    const size_t byte = Byte();
    return byte < 200 ? 0 : byte < 250 ? 1 : INT64_MAX;
  }

 private:
  std::string_view bytes_;
};

// Takes an error apart and frees it.
int32_t CodeOf(veralith_status_t* error) {
  const int32_t code = veralith_status_code(error);
  VERALITH_CHECK((error == nullptr) == (code == VERALITH_OK));
  VERALITH_CHECK(code == VERALITH_OK || veralith_status_message(error)[0] != '\0');
  veralith_status_free(error);
  return code;
}

bool IsRefusal(int32_t code) {
  return code == VERALITH_INVALID_ARGUMENT || code == VERALITH_UNIMPLEMENTED;
}

struct Iterator {
  veralith_iterator_t* c = nullptr;
  std::vector<Row> rows;
  ptrdiff_t place = -1;  // rows.size() and -1: at none
  bool is_closed = false;
};

struct HeldSnapshot {
  veralith_snapshot_t* c = nullptr;
  Timestamp at = 0;
  int opening = 0;  // of which it is
};

struct Pinned {
  veralith_pinned_t* c = nullptr;
  std::optional<std::string> expected;
};

// The moment of a read, and what it may answer.
struct Moment {
  Moment() { options.struct_size = sizeof(options); }
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

  veralith_read_options_t options = {};
  Timestamp at = 0;
  bool may_be_refused = false;  // OutOfRange, or a snapshot of another opening
  bool must_be_refused = false;
};

class Run {
 public:
  explicit Run(std::string_view bytes) : input_(bytes) {
    for (Pinned& pinned : pinned_) {
      VERALITH_CHECK(CodeOf(veralith_pinned_create(&pinned.c)) == VERALITH_OK);
    }
    VERALITH_CHECK(CodeOf(veralith_batch_create(&batch_)) == VERALITH_OK);
    VERALITH_CHECK(CodeOf(veralith_options_create(&options_)) == VERALITH_OK);
    options_->options.file_system = &disk_;
    options_->options.clock = &clock_;
    options_->options.executor = &executor_;
    options_->options.random_seed = 7;
    for (const auto& [name, text] : kSettings) {
      VERALITH_CHECK(CodeOf(veralith_options_set(options_, name, text)) == VERALITH_OK);
    }
    Open();
  }
  ~Run() {
    FreeDatabase();
    for (Iterator& iterator : iterators_) {
      veralith_iterator_free(iterator.c);
    }
    for (HeldSnapshot& snapshot : snapshots_) {
      veralith_snapshot_free(snapshot.c);
    }
    for (Pinned& pinned : pinned_) {
      CheckPinned(pinned);
      veralith_pinned_free(pinned.c);
    }
    veralith_batch_free(batch_);
    veralith_options_free(options_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Calls();

 private:
  // --- Life ---
  void Open();
  void FreeDatabase();
  void Close();
  void Reopen();
  void OpenAgain();
  void Options();
  // --- Writes ---
  void Put();
  void Delete();
  void DeleteRange();
  void Commit(int32_t code, const std::vector<Write>& batch, Timestamp before);
  void AddToBatch();
  void ReadBatch();
  void WriteBatchNow();
  // --- Reads ---
  void TakeMoment(Moment* taken);
  bool Admit(int32_t code, const Moment& moment) const;
  void Get();
  void GetPinned();
  void MultiGet();
  void CheckPinned(const Pinned& pinned) const;
  void CreateIterator();
  void MoveIterator();
  void CheckIterator(const Iterator& iterator) const;
  void Hold();
  void Release();
  // --- The rest ---
  void Maintain();
  void Compact();
  void Report();
  void Misuse();
  void CompareAll();

  // The code of a call that has no argument but the database.
  void ExpectAlive(veralith_status_t* error) {
    VERALITH_CHECK(CodeOf(error) == (closed_ ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  }
  std::string Value() {
    const size_t size = input_.Byte() * 4;
    std::string value = std::to_string(position_);
    value.resize(size, static_cast<char>('A' + position_ % 26));
    return value;
  }

  Input input_;
  SimulatedFileSystem disk_;
  SimulatedClock clock_;
  SimulatedExecutor executor_{1, &clock_, SimulatedExecutor::Order::kFifo};
  veralith_options_t* options_ = nullptr;
  veralith_t* db_ = nullptr;
  bool closed_ = false;
  int opening_ = 0;
  model::KvModel model_;
  veralith_batch_t* batch_ = nullptr;
  std::vector<Write> batch_model_;
  std::array<Iterator, kSlots> iterators_;
  std::array<HeldSnapshot, kSlots> snapshots_;
  std::array<Pinned, kSlots> pinned_;
  size_t position_ = 0;
};

// --- Life ----------------------------------------------------------------------------------------

void Run::Open() {
  VERALITH_CHECK(CodeOf(veralith_open(options_, kDirectory, &db_)) == VERALITH_OK);
  closed_ = false;
  ++opening_;
  VERALITH_CHECK(veralith_last_timestamp(db_) == model_.last_timestamp());
}

void Run::Close() {
  VERALITH_CHECK(CodeOf(veralith_close(db_)) == VERALITH_OK);
  closed_ = true;
  for (Iterator& iterator : iterators_) {
    iterator.is_closed = true;
  }
}

void Run::FreeDatabase() {
  VERALITH_CHECK(CodeOf(veralith_db_free(std::exchange(db_, nullptr))) == VERALITH_OK);
  for (Iterator& iterator : iterators_) {
    iterator.is_closed = true;
  }
}

void Run::Reopen() {
  FreeDatabase();
  Open();
  CompareAll();
}

// A second owner is refused; a reader, too, while the writer lives.
void Run::OpenAgain() {
  veralith_t* second = db_;
  const bool read_only = input_.Byte() % 2 == 0;
  const int32_t code = CodeOf(read_only ? veralith_open_read_only(options_, kDirectory, &second)
                                        : veralith_open(options_, kDirectory, &second));
  VERALITH_CHECK((code == VERALITH_OK) == (second != nullptr));
  VERALITH_CHECK(closed_ ? code == VERALITH_OK : code == VERALITH_FAILED_PRECONDITION);
  if (second != nullptr && read_only) {
    VERALITH_CHECK(CodeOf(veralith_put(second, nullptr, 0, "a", 1, "1", 1)) ==
                   VERALITH_FAILED_PRECONDITION);
  }
  VERALITH_CHECK(CodeOf(veralith_db_free(second)) == VERALITH_OK);
}

// Any name and text: legal ones come back, others change nothing.
void Run::Options() {
  veralith_options_t* options = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_create(&options)) == VERALITH_OK);
  veralith_report_t* before = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_describe(nullptr, &before)) == VERALITH_OK);
  const size_t choice = input_.Byte();
  const char* const known = veralith_report_name(before, choice % 64);
  const std::string name = known != nullptr ? known : input_.Text(32);
  const std::string text = input_.Text(16);
  const int32_t code = CodeOf(veralith_options_set(options, name.c_str(), text.c_str()));
  const bool exists = veralith_report_find(before, name.c_str(), nullptr) != nullptr;
  VERALITH_CHECK(exists ? code == VERALITH_OK || code == VERALITH_INVALID_ARGUMENT
                        : code == VERALITH_NOT_FOUND);
  veralith_report_t* after = nullptr;
  VERALITH_CHECK(CodeOf(veralith_options_describe(options, &after)) == VERALITH_OK);
  for (size_t i = 0; i < veralith_report_count(before); ++i) {
    const char* const option = veralith_report_name(before, i);
    const char* const value = veralith_report_text(after, i, nullptr);
    VERALITH_CHECK(std::strcmp(value, veralith_report_text(before, i, nullptr)) == 0 ||
                   (code == VERALITH_OK && name == option));
    VERALITH_CHECK(CodeOf(veralith_options_set(options, option, value)) == VERALITH_OK);
  }
  veralith_report_free(before);
  veralith_report_free(after);
  veralith_options_free(options);
}

// --- Writes --------------------------------------------------------------------------------------

// What a write answered, and what the model takes of it.
void Run::Commit(int32_t code, const std::vector<Write>& batch, Timestamp before) {
  if (closed_) {
    VERALITH_CHECK(code == VERALITH_FAILED_PRECONDITION);
  } else {
    VERALITH_CHECK(code == VERALITH_OK);
  }
  const Timestamp after = veralith_last_timestamp(db_);
  if (code != VERALITH_OK || model::Reduce(batch).empty()) {
    VERALITH_CHECK(after == before);
    return;
  }
  VERALITH_CHECK(after > before && after > model_.last_timestamp());
  model_.Commit(after, batch);
}

veralith_write_options_t WriteOptionsFrom(size_t byte) {
  return {sizeof(veralith_write_options_t), static_cast<int32_t>(byte % 4), 0};
}

void Run::Put() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const std::string value = Value();
  const Timestamp before = veralith_last_timestamp(db_);
  const int32_t code =
      CodeOf(veralith_put(db_, &options, ns, key.data(), key.size(), value.data(), value.size()));
  Commit(code, {{Write::Kind::kPut, ns, key, value, {}}}, before);
}

void Run::Delete() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const Timestamp before = veralith_last_timestamp(db_);
  const int32_t code = CodeOf(veralith_delete(db_, &options, ns, key.data(), key.size()));
  Commit(code, {{Write::Kind::kDelete, ns, key, "", {}}}, before);
}

void Run::DeleteRange() {
  const bool open = input_.Byte() % 4 == 0;
  const uint64_t ns = input_.Namespace();
  const std::string begin = input_.Key();
  const std::string end = input_.Key();
  const Timestamp before = veralith_last_timestamp(db_);
  Write write{Write::Kind::kDeleteRange, ns, begin, "", {}};
  if (open) {
    Commit(CodeOf(veralith_delete_from(db_, nullptr, ns, begin.data(), begin.size())), {write},
           before);
    return;
  }
  write.end = end;
  Commit(CodeOf(veralith_delete_range(db_, nullptr, ns, begin.data(), begin.size(), end.data(),
                                      end.size())),
         {write}, before);
}

void Run::AddToBatch() {
  const size_t kind = input_.Byte() % 5;
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  int32_t code = VERALITH_OK;
  Write write{Write::Kind::kPut, ns, key, "", {}};
  if (kind <= 1) {
    write.value = Value();
    code = CodeOf(veralith_batch_put(batch_, ns, key.data(), key.size(), write.value.data(),
                                     write.value.size()));
  } else if (kind == 2) {
    write.kind = Write::Kind::kDelete;
    code = CodeOf(veralith_batch_delete(batch_, ns, key.data(), key.size()));
  } else if (kind == 3) {
    write.kind = Write::Kind::kDeleteRange;
    write.end = input_.Key();
    code = CodeOf(veralith_batch_delete_range(batch_, ns, key.data(), key.size(), write.end->data(),
                                              write.end->size()));
  } else {
    write.kind = Write::Kind::kDeleteRange;
    code = CodeOf(veralith_batch_delete_from(batch_, ns, key.data(), key.size()));
  }
  VERALITH_CHECK(code == VERALITH_OK);
  batch_model_.push_back(write);
}

// The batch gives back what went in, and is emptied in half of all cases.
void Run::ReadBatch() {
  VERALITH_CHECK(veralith_batch_count(batch_) == batch_model_.size());
  size_t bytes = 0;
  veralith_operation_t found = {};
  found.struct_size = sizeof(found);
  for (size_t i = 0; i < batch_model_.size(); ++i) {
    const Write& write = batch_model_[i];
    VERALITH_CHECK(CodeOf(veralith_batch_operation(batch_, i, &found)) == VERALITH_OK);
    VERALITH_CHECK(std::string_view(found.key, found.key_size) == write.key);
    const std::string& second = write.end.has_value() ? *write.end : write.value;
    VERALITH_CHECK(std::string_view(found.value, found.value_size) == second);
    VERALITH_CHECK(found.ns == write.ns);
    VERALITH_CHECK((found.kind == VERALITH_OPERATION_DELETE_RANGE) == write.end.has_value());
    bytes += write.key.size() + second.size();
  }
  VERALITH_CHECK(veralith_batch_bytes(batch_) == bytes);
  VERALITH_CHECK(CodeOf(veralith_batch_operation(batch_, batch_model_.size(), &found)) ==
                 VERALITH_OUT_OF_RANGE);
  if (input_.Byte() % 2 == 0) {
    VERALITH_CHECK(CodeOf(veralith_batch_clear(batch_)) == VERALITH_OK);
    batch_model_.clear();
  }
}

void Run::WriteBatchNow() {
  const veralith_write_options_t options = WriteOptionsFrom(input_.Byte());
  const Timestamp before = veralith_last_timestamp(db_);
  uint64_t timestamp = 1;
  const int32_t code = CodeOf(veralith_write(db_, &options, batch_, &timestamp));
  VERALITH_CHECK(timestamp == (code == VERALITH_OK ? veralith_last_timestamp(db_) : 0));
  Commit(code, batch_model_, before);
}

// --- Reads ---------------------------------------------------------------------------------------

Timestamp Floor(veralith_t* db) {
  veralith_report_t* report = nullptr;
  uint64_t floor = 0;
  VERALITH_CHECK(CodeOf(veralith_statistics(db, &report)) == VERALITH_OK);
  VERALITH_CHECK(CodeOf(veralith_report_number(report, "history_floor", &floor)) == VERALITH_OK);
  veralith_report_free(report);
  return floor;
}

// Now, a snapshot's moment, or that of a commit and one more or less.
void Run::TakeMoment(Moment* taken) {
  Moment& moment = *taken;
  moment.at = model_.last_timestamp();
  const size_t byte = input_.Byte();
  moment.options.spare_cache = static_cast<int32_t>(byte >> 7);
  if (const HeldSnapshot& held = snapshots_[byte / 4 % kSlots]; byte % 4 == 1 && held.c) {
    moment.options.snapshot = held.c;
    moment.at = held.at;
    moment.may_be_refused = moment.must_be_refused = held.opening != opening_;
  } else if (byte % 4 == 2) {
    const std::vector<Timestamp>& commits = model_.commits();
    const Timestamp commit = commits.empty() ? 1 : commits[input_.Byte() % commits.size()];
    moment.at = commit + byte / 4 % 3 - 1;
    moment.options.timestamp = &moment.at;
    moment.must_be_refused = moment.at > veralith_last_timestamp(db_);
    moment.may_be_refused = moment.must_be_refused || moment.at < Floor(db_);
  }
}

bool Run::Admit(int32_t code, const Moment& moment) const {
  if (closed_) {
    VERALITH_CHECK(code == VERALITH_FAILED_PRECONDITION ||
                   (moment.may_be_refused && code != VERALITH_OK));
    return false;
  }
  if (code == VERALITH_OK) {
    VERALITH_CHECK(!moment.must_be_refused);
    return true;
  }
  VERALITH_CHECK(moment.may_be_refused);
  VERALITH_CHECK(code == (moment.options.snapshot != nullptr ? VERALITH_INVALID_ARGUMENT
                                                             : VERALITH_OUT_OF_RANGE));
  return false;
}

void Run::Get() {
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  char other = 'x';
  char* value = &other;
  size_t size = 1;
  const int32_t code =
      CodeOf(veralith_get(db_, &moment.options, ns, key.data(), key.size(), &value, &size));
  if (!Admit(code, moment)) {
    VERALITH_CHECK(value == nullptr && size == 0);
    return;
  }
  const std::optional<Row> row = model_.Get(ns, key, moment.at);
  VERALITH_CHECK(row.has_value() == (value != nullptr));
  VERALITH_CHECK(!row.has_value() || row->value == std::string_view(value, size));
  veralith_free(value);
}

void Run::CheckPinned(const Pinned& pinned) const {
  size_t size = 1;
  const char* const value = veralith_pinned_value(pinned.c, &size);
  VERALITH_CHECK(pinned.expected.has_value() == (value != nullptr));
  VERALITH_CHECK(value == nullptr || *pinned.expected == std::string_view(value, size));
}

void Run::GetPinned() {
  Pinned& pinned = pinned_[input_.Byte() % kSlots];
  CheckPinned(pinned);
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const std::string key = input_.Key();
  const int32_t code =
      CodeOf(veralith_get_pinned(db_, &moment.options, ns, key.data(), key.size(), pinned.c));
  pinned.expected.reset();
  if (Admit(code, moment)) {
    if (const std::optional<Row> row = model_.Get(ns, key, moment.at); row.has_value()) {
      pinned.expected = row->value;
      VERALITH_CHECK(veralith_pinned_timestamp(pinned.c) == row->timestamp);
    }
  }
  CheckPinned(pinned);
}

void Run::MultiGet() {
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  std::vector<std::string> keys(input_.Byte() % 6);
  std::vector<const void*> bytes;
  std::vector<size_t> sizes;
  for (std::string& key : keys) {
    key = input_.Key();
    bytes.push_back(key.data());
    sizes.push_back(key.size());
  }
  std::vector<char*> values(keys.size());
  std::vector<size_t> value_sizes(keys.size(), 1);
  const int32_t code =
      CodeOf(veralith_multi_get(db_, &moment.options, ns, keys.size(), bytes.data(), sizes.data(),
                                values.data(), value_sizes.data()));
  const bool admitted = Admit(code, moment);
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Row> row =
        admitted ? model_.Get(ns, keys[i], moment.at) : std::optional<Row>();
    VERALITH_CHECK(row.has_value() == (values[i] != nullptr));
    VERALITH_CHECK(std::string_view(values[i], value_sizes[i]) == (row ? row->value : ""));
    veralith_free(values[i]);
  }
}

// --- Iterators and snapshots ---------------------------------------------------------------------

struct Range {
  explicit Range(Input& input) {
    const size_t byte = input.Byte();
    lower.kind = static_cast<Bound::Kind>(byte % 3);
    upper.kind = static_cast<Bound::Kind>(byte / 3 % 3);
    lower.key = input.Key();
    upper.key = input.Key();
    from = {static_cast<int32_t>(lower.kind), 0, lower.key.data(), lower.key.size()};
    to = {static_cast<int32_t>(upper.kind), 0, upper.key.data(), upper.key.size()};
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
  Bound lower, upper;
  veralith_bound_t from, to;
};

void Run::CreateIterator() {
  Iterator& iterator = iterators_[input_.Byte() % kSlots];
  veralith_iterator_free(iterator.c);
  Moment moment;
  TakeMoment(&moment);
  const uint64_t ns = input_.Namespace();
  const Range range(input_);
  const int32_t code = CodeOf(
      veralith_iterator_create(db_, &moment.options, ns, &range.from, &range.to, &iterator.c));
  VERALITH_CHECK((code == VERALITH_OK) == (iterator.c != nullptr));
  iterator.place = -1;
  iterator.is_closed = closed_;
  if (Admit(code, moment)) {
    iterator.rows = model_.Scan(ns, range.lower, range.upper, moment.at);
  }
}

void Run::CheckIterator(const Iterator& iterator) const {
  const bool valid = !iterator.is_closed && iterator.place >= 0 &&
                     iterator.place < static_cast<ptrdiff_t>(iterator.rows.size());
  VERALITH_CHECK(veralith_iterator_valid(iterator.c) == (valid ? 1 : 0));
  VERALITH_CHECK(CodeOf(veralith_iterator_status(iterator.c)) ==
                 (iterator.is_closed ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  size_t size = 1;
  uint64_t timestamp = 1;
  const char* const key = veralith_iterator_key(iterator.c, &size);
  const int32_t code = CodeOf(veralith_iterator_timestamp(iterator.c, &timestamp));
  VERALITH_CHECK(code == (valid ? VERALITH_OK : VERALITH_FAILED_PRECONDITION));
  if (!valid) {
    VERALITH_CHECK(key == nullptr && size == 0 && timestamp == 0);
    VERALITH_CHECK(veralith_iterator_value(iterator.c, nullptr) == nullptr);
    return;
  }
  const Row& row = iterator.rows[static_cast<size_t>(iterator.place)];
  VERALITH_CHECK(std::string_view(key, size) == row.key && timestamp == row.timestamp);
  const char* const value = veralith_iterator_value(iterator.c, &size);
  VERALITH_CHECK(std::string_view(value, size) == row.value);
}

void Run::MoveIterator() {
  Iterator& it = iterators_[input_.Byte() % kSlots];
  const size_t move = input_.Byte() % 6;
  if (it.c == nullptr) {
    return;
  }
  const std::string key = move >= 4 ? input_.Key() : "";
  const auto size = static_cast<ptrdiff_t>(it.rows.size());
  const bool at_one = it.place >= 0 && it.place < size;
  const auto count = [&](auto&& is_before) {
    return static_cast<ptrdiff_t>(std::count_if(it.rows.begin(), it.rows.end(), is_before));
  };
  veralith_status_t* error = nullptr;
  if (move == 0) {
    error = veralith_iterator_first(it.c);
    it.place = 0;
  } else if (move == 1) {
    error = veralith_iterator_last(it.c);
    it.place = size - 1;
  } else if (move == 2) {
    error = veralith_iterator_next(it.c);
    it.place += at_one ? 1 : 0;
  } else if (move == 3) {
    error = veralith_iterator_prev(it.c);
    it.place -= at_one ? 1 : 0;
  } else if (move == 4) {
    error = veralith_iterator_seek(it.c, key.data(), key.size());
    it.place = count([&](const Row& row) { return row.key < key; });
  } else {
    error = veralith_iterator_seek_for_prev(it.c, key.data(), key.size());
    it.place = count([&](const Row& row) { return row.key <= key; }) - 1;
  }
  VERALITH_CHECK(CodeOf(error) == (it.is_closed ? VERALITH_FAILED_PRECONDITION : VERALITH_OK));
  CheckIterator(it);
}

void Run::Hold() {
  HeldSnapshot& held = snapshots_[input_.Byte() % kSlots];
  veralith_snapshot_free(held.c);
  held = {nullptr, 0, opening_};
  Moment moment;
  TakeMoment(&moment);
  if (moment.options.timestamp == nullptr) {
    VERALITH_CHECK(CodeOf(veralith_snapshot_create(db_, &held.c)) == VERALITH_OK);
    held.at = model_.last_timestamp();
  } else {
    const int32_t code = CodeOf(veralith_snapshot_create_at(db_, moment.at, &held.c));
    if (!Admit(code, moment)) {
      VERALITH_CHECK(held.c == nullptr);
      return;
    }
    held.at = moment.at;
  }
  VERALITH_CHECK(closed_ || veralith_snapshot_timestamp(held.c) == held.at);
}

void Run::Release() {
  const size_t byte = input_.Byte();
  if (byte % 2 == 0) {
    HeldSnapshot& held = snapshots_[byte / 2 % kSlots];
    veralith_snapshot_free(held.c);
    held = {};
    return;
  }
  Iterator& iterator = iterators_[byte / 2 % kSlots];
  veralith_iterator_free(iterator.c);
  iterator = {};
}

// --- The rest ------------------------------------------------------------------------------------

void Run::Maintain() {
  switch (const size_t byte = input_.Byte(); byte % 10) {
    case 0:
      return ExpectAlive(veralith_flush(db_));
    case 1:
      return ExpectAlive(veralith_sync(db_));
    case 2:
      return ExpectAlive(veralith_check(db_));
    case 3:
      return ExpectAlive(veralith_resume(db_));
    case 4:
      return ExpectAlive(veralith_wait_for_background_work(db_));
    case 5:
      VERALITH_CHECK(CodeOf(veralith_set_background_rate(db_, 0)) == VERALITH_OK);
      return;
    case 6: {
      const uint64_t remote = model_.last_timestamp() + byte / 10;
      const int32_t code = CodeOf(veralith_advance_clock(db_, remote));
      VERALITH_CHECK(code == (closed_       ? VERALITH_FAILED_PRECONDITION
                              : remote == 0 ? VERALITH_INVALID_ARGUMENT
                                            : VERALITH_OK));
      return;
    }
    case 7:
      VERALITH_CHECK(CodeOf(veralith_continue_background_work(db_)) ==
                     VERALITH_FAILED_PRECONDITION);
      return;
    case 8:
      clock_.Advance(1'000'000);
      executor_.RunUntilIdle();
      return;
    default:
      ExpectAlive(veralith_pause_background_work(db_));
      if (!closed_) {
        ExpectAlive(veralith_continue_background_work(db_));
      }
  }
}

void Run::Compact() {
  const size_t byte = input_.Byte();
  const Range range(input_);
  veralith_cancel_t* cancel = nullptr;
  VERALITH_CHECK(CodeOf(veralith_cancel_create(&cancel)) == VERALITH_OK);
  const veralith_compact_options_t options = {sizeof(options), cancel};
  const bool requested = byte % 8 == 0;
  if (requested) {
    veralith_cancel_request(cancel);
  }
  const int32_t code =
      CodeOf(byte % 2 == 0 ? veralith_compact_all(db_, &options)
                           : veralith_compact(db_, &options, 0, &range.from, &range.to));
  VERALITH_CHECK(code == (closed_     ? VERALITH_FAILED_PRECONDITION
                          : requested ? VERALITH_ABORTED
                                      : VERALITH_OK));
  veralith_cancel_free(cancel);
}

// A copy and its check, and the counters.
void Run::Report() {
  veralith_report_t* report = nullptr;
  VERALITH_CHECK(CodeOf(veralith_statistics(db_, &report)) == VERALITH_OK);
  for (size_t i = 0; i < veralith_report_count(report); ++i) {
    size_t size = 0;
    const char* const text = veralith_report_find(report, veralith_report_name(report, i), &size);
    VERALITH_CHECK(text == veralith_report_text(report, i, nullptr));
    VERALITH_CHECK(std::strlen(text) == size);
  }
  veralith_report_free(report);
  const std::string copy = "copy" + std::to_string(position_);
  ExpectAlive(veralith_checkpoint(db_, copy.c_str()));
  const int32_t code =
      CodeOf(veralith_check_database(options_, copy.c_str(), nullptr, nullptr, &report));
  VERALITH_CHECK(code == (closed_ ? VERALITH_NOT_FOUND : VERALITH_OK) && report != nullptr);
  uint64_t damage = 1;
  VERALITH_CHECK(CodeOf(veralith_report_number(report, "damage.count", &damage)) == VERALITH_OK);
  VERALITH_CHECK(damage == 0);
  veralith_report_free(report);
}

// A call with a wrong argument is refused, and nothing has changed.
void Run::Misuse() {
  const size_t choice = input_.Byte() % kWrongCalls;
  Iterator& iterator = iterators_[input_.Byte() % kSlots];
  const Timestamp before = veralith_last_timestamp(db_);
  WrongOutputs out;
  VERALITH_CHECK(IsRefusal(CodeOf(CallWrongly(choice, db_, batch_, iterator.c, &out))));
  VERALITH_CHECK(veralith_last_timestamp(db_) == before);
  VERALITH_CHECK(veralith_batch_count(batch_) == batch_model_.size());
  VERALITH_CHECK(out.AreNull());
  if (iterator.c != nullptr) {
    CheckIterator(iterator);
  }
}

// Everything in the database is what the model has.
void Run::CompareAll() {
  for (const NamespaceId ns : model_.Namespaces()) {
    Iterator iterator;
    VERALITH_CHECK(CodeOf(veralith_iterator_create(db_, nullptr, ns, nullptr, nullptr,
                                                   &iterator.c)) == VERALITH_OK);
    iterator.rows = model_.Scan(ns, Bound::Open(), Bound::Open(), model_.last_timestamp());
    VERALITH_CHECK(CodeOf(veralith_iterator_first(iterator.c)) == VERALITH_OK);
    for (iterator.place = 0; iterator.place < static_cast<ptrdiff_t>(iterator.rows.size());
         ++iterator.place) {
      CheckIterator(iterator);
      VERALITH_CHECK(CodeOf(veralith_iterator_next(iterator.c)) == VERALITH_OK);
    }
    CheckIterator(iterator);
    veralith_iterator_free(iterator.c);
  }
}

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
  for (; !input_.empty() && position_ < kMostCalls; ++position_) {
    (this->*kCalls[input_.Byte() % std::size(kCalls)])();
  }
  if (!closed_) {
    CompareAll();
  }
}

}  // namespace
}  // namespace veralith

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  veralith::Run({reinterpret_cast<const char*>(data), size}).Calls();
  return 0;
}
