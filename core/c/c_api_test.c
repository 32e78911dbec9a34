// SPDX-License-Identifier: Apache-2.0

// Calls every function of veralith/c.h, as C99: right calls, and each kind of wrong one. That none
// is left out is c_api_coverage_test.cc's to say.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "veralith/c.h"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)
#define OK(call) Expect(call, VERALITH_OK, #call, __LINE__)
#define FAILS(code, call) Expect(call, code, #call, __LINE__)
#define INVALID(call) FAILS(VERALITH_INVALID_ARGUMENT, call)

static void Expect(veralith_status_t* status, int32_t code, const char* call, int line) {
  if (veralith_status_code(status) != code) {
    fprintf(stderr, "line %d: %s: expected %s, found %s: %s\n", line, call,
            veralith_code_name(code), veralith_code_name(veralith_status_code(status)),
            veralith_status_message(status));
    exit(1);
  }
  CHECK((status == NULL) == (code == VERALITH_OK));
  CHECK((strlen(veralith_status_message(status)) > 0) == (code != VERALITH_OK));
  veralith_status_free(status);
}

// A directory for this test, with a name of its own below it.
static const char* Path(const char* name) {
  static char path[4096];
  const char* parent = getenv("TEST_TMPDIR");
  snprintf(path, sizeof(path), "%s/veralith-c-%s", parent == NULL ? "/tmp" : parent, name);
  return path;
}

static int Equal(const char* bytes, size_t size, const char* text) {
  return bytes != NULL && size == strlen(text) && memcmp(bytes, text, size) == 0;
}

static void Put(veralith_t* db, const char* key, const char* value) {
  OK(veralith_put(db, NULL, 0, key, strlen(key), value, strlen(value)));
}

// The value of a key as text; "(absent)" if there is none.
static const char* Get(veralith_t* db, const veralith_read_options_t* options, const char* key) {
  static char text[256];
  char* value = NULL;
  size_t size = 0;
  OK(veralith_get(db, options, 0, key, strlen(key), &value, &size));
  snprintf(text, sizeof(text), "%.*s", (int)size, value == NULL ? "" : value);
  if (value == NULL) {
    snprintf(text, sizeof(text), "(absent)");
  }
  veralith_free(value);
  return text;
}

static void TestVersionAndStatus(void) {
  CHECK(strlen(veralith_version()) >= 5);
  CHECK(strcmp(veralith_code_name(VERALITH_NOT_FOUND), "NOT_FOUND") == 0);
  CHECK(strcmp(veralith_code_name(VERALITH_UNAUTHENTICATED), "UNAUTHENTICATED") == 0);
  CHECK(strcmp(veralith_code_name(99), "UNKNOWN") == 0);
  CHECK(strcmp(veralith_code_name(-1), "UNKNOWN") == 0);
  CHECK(veralith_status_code(NULL) == VERALITH_OK);
  CHECK(strcmp(veralith_status_message(NULL), "") == 0);
  veralith_status_free(NULL);
  veralith_free(NULL);
}

static void TestOptions(void) {
  veralith_options_t* options = NULL;
  veralith_report_t* report = NULL;
  OK(veralith_options_create(&options));
  INVALID(veralith_options_create(NULL));
  OK(veralith_options_set(options, "write_buffer_bytes", "4096"));
  OK(veralith_options_set(options, "compaction_policy", "tiered"));
  FAILS(VERALITH_NOT_FOUND, veralith_options_set(options, "write_bufer", "4096"));
  INVALID(veralith_options_set(options, "write_buffer_bytes", "10"));
  INVALID(veralith_options_set(NULL, "read_only", "true"));
  INVALID(veralith_options_set(options, NULL, "true"));
  INVALID(veralith_options_set(options, "read_only", NULL));
  OK(veralith_options_describe(options, &report));
  CHECK(strcmp(veralith_report_find(report, "compaction_policy", NULL), "tiered") == 0);
  CHECK(veralith_report_count(report) > 30);
  veralith_report_free(report);
  OK(veralith_options_describe(NULL, &report));
  CHECK(strcmp(veralith_report_find(report, "compaction_policy", NULL), "leveled") == 0);
  veralith_report_free(report);
  INVALID(veralith_options_describe(options, NULL));
  veralith_options_free(options);
  veralith_options_free(NULL);
}

static void TestExecutor(void) {
  veralith_executor_t* executor = NULL;
  veralith_options_t* options = NULL;
  veralith_t* db = NULL;
  INVALID(veralith_executor_create(0, &executor));
  INVALID(veralith_executor_create(1025, &executor));
  INVALID(veralith_executor_create(1, NULL));
  CHECK(executor == NULL);
  OK(veralith_executor_create(2, &executor));
  OK(veralith_options_create(&options));
  INVALID(veralith_options_set_executor(NULL, executor));
  OK(veralith_options_set_executor(options, executor));
  OK(veralith_open(options, Path("executor"), &db));
  veralith_executor_free(executor);  // the options and the database keep the threads
  veralith_options_free(options);
  Put(db, "a", "1");
  OK(veralith_flush(db));
  OK(veralith_db_free(db));
  OK(veralith_options_create(&options));
  OK(veralith_options_set_executor(options, NULL));
  veralith_options_free(options);
  veralith_executor_free(NULL);
}

static void TestCache(void) {
  const uint64_t capacity = 1 << 20;
  veralith_cache_t* cache = NULL;
  veralith_options_t* options = NULL;
  veralith_t* one = NULL;
  veralith_t* other = NULL;
  INVALID(veralith_cache_create(capacity, NULL));
  OK(veralith_cache_create(capacity, &cache));
  CHECK(veralith_cache_capacity_bytes(cache) == capacity);
  CHECK(veralith_cache_charged_bytes(cache) == 0);
  CHECK(veralith_cache_capacity_bytes(NULL) == 0);
  CHECK(veralith_cache_charged_bytes(NULL) == 0);
  OK(veralith_options_create(&options));
  INVALID(veralith_options_set_cache(NULL, cache));
  OK(veralith_options_set_cache(options, cache));
  OK(veralith_open(options, Path("cache-one"), &one));
  OK(veralith_open(options, Path("cache-other"), &other));
  OK(veralith_options_set_cache(options, NULL));
  veralith_options_free(options);
  Put(one, "a", "1");
  Put(other, "a", "2");
  OK(veralith_flush(one));
  OK(veralith_flush(other));
  CHECK(strcmp(Get(one, NULL, "a"), "1") == 0);
  const uint64_t charged = veralith_cache_charged_bytes(cache);
  CHECK(charged > 0);
  CHECK(strcmp(Get(other, NULL, "a"), "2") == 0);
  CHECK(veralith_cache_charged_bytes(cache) > charged);
  CHECK(veralith_cache_charged_bytes(cache) <= capacity);
  OK(veralith_db_free(one));
  OK(veralith_db_free(other));
  CHECK(veralith_cache_charged_bytes(cache) == 0);
  veralith_cache_free(cache);
  veralith_cache_free(NULL);
}

static void TestBudget(void) {
  veralith_cache_t* cache = NULL;
  veralith_options_t* options = NULL;
  veralith_t* db = NULL;
  INVALID(veralith_cache_create_budget(1 << 20, 1 << 20, NULL));
  OK(veralith_cache_create_budget(1 << 20, 1 << 20, &cache));
  CHECK(veralith_cache_capacity_bytes(cache) == 1 << 20);
  CHECK(veralith_cache_memtable_charged_bytes(cache) == 0);
  CHECK(veralith_cache_memtable_charged_bytes(NULL) == 0);
  OK(veralith_options_create(&options));
  OK(veralith_options_set_cache(options, cache));
  OK(veralith_open(options, Path("budget"), &db));
  veralith_options_free(options);
  Put(db, "a", "1");
  CHECK(veralith_cache_memtable_charged_bytes(cache) > 0);
  OK(veralith_db_free(db));
  CHECK(veralith_cache_memtable_charged_bytes(cache) == 0);
  veralith_cache_free(cache);
}

static void TestOpening(void) {
  veralith_t* db = NULL;
  veralith_t* second = NULL;
  veralith_options_t* options = NULL;
  INVALID(veralith_open(NULL, NULL, &db));
  INVALID(veralith_open(NULL, Path("open"), NULL));
  INVALID(veralith_open_read_only(NULL, NULL, &db));
  FAILS(VERALITH_NOT_FOUND, veralith_open_read_only(NULL, Path("open"), &db));
  CHECK(db == NULL);
  OK(veralith_open(NULL, Path("open"), &db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_open(NULL, Path("open"), &second));
  CHECK(second == NULL);
  Put(db, "a", "1");
  OK(veralith_close(db));
  OK(veralith_close(db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_put(db, NULL, 0, "a", 1, "2", 1));
  INVALID(veralith_close(NULL));
  OK(veralith_db_free(db));
  OK(veralith_db_free(NULL));

  OK(veralith_open_read_only(NULL, Path("open"), &db));
  CHECK(strcmp(Get(db, NULL, "a"), "1") == 0);
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_put(db, NULL, 0, "a", 1, "2", 1));
  OK(veralith_db_free(db));

  OK(veralith_options_create(&options));
  OK(veralith_options_set(options, "error_if_exists", "true"));
  FAILS(VERALITH_ALREADY_EXISTS, veralith_open(options, Path("open"), &db));
  veralith_options_free(options);
}

static void TestWrites(veralith_t* db) {
  veralith_write_options_t sync = {0, 0, 0};
  sync.struct_size = sizeof(sync);
  sync.sync = VERALITH_SYNC_COMMIT;
  OK(veralith_put(db, &sync, 0, "a", 1, "1", 1));
  OK(veralith_put(db, NULL, 0, NULL, 0, NULL, 0));  // the empty key, an empty value
  CHECK(strcmp(Get(db, NULL, ""), "") == 0);
  OK(veralith_delete(db, &sync, 0, NULL, 0));
  CHECK(strcmp(Get(db, NULL, ""), "(absent)") == 0);
  INVALID(veralith_put(NULL, NULL, 0, "a", 1, "1", 1));
  INVALID(veralith_put(db, NULL, 0, NULL, 1, "1", 1));
  INVALID(veralith_put(db, NULL, 0, "a", 1, NULL, 1));
  INVALID(veralith_put(db, NULL, UINT64_MAX, "a", 1, "1", 1));
  INVALID(veralith_put(db, NULL, 0, "a", VERALITH_MAX_KEY_BYTES + 1, "1", 1));
  INVALID(veralith_delete(NULL, NULL, 0, "a", 1));
  INVALID(veralith_delete(db, NULL, 0, NULL, 1));
  sync.sync = 4;
  INVALID(veralith_put(db, &sync, 0, "a", 1, "1", 1));
  INVALID(veralith_delete(db, &sync, 0, "a", 1));
  sync.sync = VERALITH_SYNC_DEFAULT;
  sync.struct_size = sizeof(sync) - 1;
  INVALID(veralith_put(db, &sync, 0, "a", 1, "1", 1));
  sync.struct_size = sizeof(sync);
  sync.reserved = 1;
  FAILS(VERALITH_UNIMPLEMENTED, veralith_put(db, &sync, 0, "a", 1, "1", 1));
  INVALID(veralith_sync(NULL));
  OK(veralith_sync(db));
}

// A struct of a later version: what this library does not know must be 0.
static void TestLaterStructs(veralith_t* db) {
  struct {
    veralith_write_options_t known;
    int64_t later;
  } options;
  memset(&options, 0, sizeof(options));
  options.known.struct_size = sizeof(options);
  OK(veralith_put(db, &options.known, 0, "a", 1, "1", 1));
  options.later = 1;
  FAILS(VERALITH_UNIMPLEMENTED, veralith_put(db, &options.known, 0, "a", 1, "2", 1));
  options.known.struct_size = (size_t)-1;
  INVALID(veralith_put(db, &options.known, 0, "a", 1, "2", 1));
  CHECK(strcmp(Get(db, NULL, "a"), "1") == 0);
}

static void TestRangeDeletes(veralith_t* db) {
  Put(db, "r1", "1");
  Put(db, "r2", "2");
  Put(db, "r3", "3");
  OK(veralith_delete_range(db, NULL, 0, "r1", 2, "r3", 2));
  CHECK(strcmp(Get(db, NULL, "r2"), "(absent)") == 0);
  CHECK(strcmp(Get(db, NULL, "r3"), "3") == 0);
  OK(veralith_delete_range(db, NULL, 0, "r", 1, "", 0));  // empty: deletes nothing
  CHECK(strcmp(Get(db, NULL, "r3"), "3") == 0);
  INVALID(veralith_delete_range(db, NULL, 0, "r", 1, NULL, 0));
  INVALID(veralith_delete_range(NULL, NULL, 0, "r", 1, "s", 1));
  INVALID(veralith_delete_range(db, NULL, 0, NULL, 1, "s", 1));
  OK(veralith_delete_from(db, NULL, 0, "r", 1));
  CHECK(strcmp(Get(db, NULL, "r3"), "(absent)") == 0);
  INVALID(veralith_delete_from(NULL, NULL, 0, "r", 1));
  INVALID(veralith_delete_from(db, NULL, 0, NULL, 1));
}

static void TestBatchOperations(const veralith_batch_t* batch) {
  veralith_operation_t operation;
  memset(&operation, 0, sizeof(operation));
  INVALID(veralith_batch_operation(batch, 0, &operation));
  INVALID(veralith_batch_operation(batch, 0, NULL));
  operation.struct_size = sizeof(operation);
  INVALID(veralith_batch_operation(NULL, 0, &operation));
  OK(veralith_batch_operation(batch, 0, &operation));
  CHECK(operation.kind == VERALITH_OPERATION_PUT && operation.ns == 7);
  CHECK(Equal(operation.key, operation.key_size, "k"));
  CHECK(Equal(operation.value, operation.value_size, "v"));
  OK(veralith_batch_operation(batch, 1, &operation));
  CHECK(operation.kind == VERALITH_OPERATION_DELETE && operation.value == NULL);
  OK(veralith_batch_operation(batch, 2, &operation));
  CHECK(operation.kind == VERALITH_OPERATION_DELETE_RANGE);
  CHECK(Equal(operation.value, operation.value_size, "n"));
  OK(veralith_batch_operation(batch, 3, &operation));
  CHECK(operation.kind == VERALITH_OPERATION_DELETE_FROM && operation.value == NULL);
  FAILS(VERALITH_OUT_OF_RANGE, veralith_batch_operation(batch, 4, &operation));
}

static void TestBatch(veralith_t* db) {
  veralith_batch_t* batch = NULL;
  uint64_t timestamp = 0;
  uint64_t empty = 0;
  INVALID(veralith_batch_create(NULL));
  OK(veralith_batch_create(&batch));
  OK(veralith_batch_put(batch, 7, "k", 1, "v", 1));
  OK(veralith_batch_delete(batch, 7, "l", 1));
  OK(veralith_batch_delete_range(batch, 7, "m", 1, "n", 1));
  OK(veralith_batch_delete_from(batch, 7, "x", 1));
  INVALID(veralith_batch_put(NULL, 7, "k", 1, "v", 1));
  INVALID(veralith_batch_put(batch, 7, NULL, 1, "v", 1));
  INVALID(veralith_batch_put(batch, 7, "k", 1, NULL, 1));
  INVALID(veralith_batch_put(batch, UINT64_MAX, "k", 1, "v", 1));
  INVALID(veralith_batch_put(batch, 7, "k", (size_t)-1, "v", 1));
  INVALID(veralith_batch_put(batch, 7, "k", 1, "v", (size_t)-1));
  INVALID(veralith_batch_delete(NULL, 7, "l", 1));
  INVALID(veralith_batch_delete(batch, 7, NULL, 1));
  INVALID(veralith_batch_delete_range(batch, 7, "m", 1, NULL, 0));
  INVALID(veralith_batch_delete_range(NULL, 7, "m", 1, "n", 1));
  INVALID(veralith_batch_delete_from(NULL, 7, "m", 1));
  CHECK(veralith_batch_count(batch) == 4 && veralith_batch_count(NULL) == 0);
  CHECK(veralith_batch_bytes(batch) == 6 && veralith_batch_bytes(NULL) == 0);
  TestBatchOperations(batch);
  OK(veralith_write(db, NULL, batch, &timestamp));
  CHECK(timestamp > 0 && timestamp == veralith_last_timestamp(db));
  CHECK(veralith_last_timestamp(NULL) == 0);
  INVALID(veralith_write(db, NULL, NULL, NULL));
  INVALID(veralith_write(NULL, NULL, batch, NULL));
  INVALID(veralith_batch_clear(NULL));
  OK(veralith_batch_clear(batch));
  OK(veralith_write(db, NULL, batch, &empty));
  CHECK(empty == timestamp);
  veralith_batch_free(batch);
  veralith_batch_free(NULL);
}

static void TestGet(veralith_t* db) {
  char* value = NULL;
  size_t size = 0;
  Put(db, "g", "1");
  OK(veralith_get(db, NULL, 0, "g", 1, &value, &size));
  CHECK(Equal(value, size, "1"));
  veralith_free(value);
  OK(veralith_get(db, NULL, 1, "g", 1, &value, &size));
  CHECK(value == NULL && size == 0);
  INVALID(veralith_get(NULL, NULL, 0, "g", 1, &value, &size));
  INVALID(veralith_get(db, NULL, 0, NULL, 1, &value, &size));
  INVALID(veralith_get(db, NULL, 0, "g", 1, NULL, &size));
  INVALID(veralith_get(db, NULL, 0, "g", 1, &value, NULL));
}

static void TestPinned(veralith_t* db) {
  veralith_pinned_t* pinned = NULL;
  size_t size = 9;
  INVALID(veralith_pinned_create(NULL));
  OK(veralith_pinned_create(&pinned));
  CHECK(veralith_pinned_value(pinned, &size) == NULL && size == 0);
  Put(db, "g", "1");
  OK(veralith_get_pinned(db, NULL, 0, "g", 1, pinned));
  const char* const value = veralith_pinned_value(pinned, &size);
  CHECK(Equal(value, size, "1"));
  CHECK(veralith_pinned_timestamp(pinned) == veralith_last_timestamp(db));
  veralith_pinned_reset(pinned);
  CHECK(veralith_pinned_value(pinned, NULL) == NULL && veralith_pinned_timestamp(pinned) == 0);
  OK(veralith_get_pinned(db, NULL, 0, "g", 1, pinned));
  OK(veralith_get_pinned(db, NULL, 0, "nowhere", 7, pinned));
  CHECK(veralith_pinned_value(pinned, NULL) == NULL);
  OK(veralith_get_pinned(db, NULL, 0, "g", 1, pinned));
  INVALID(veralith_get_pinned(db, NULL, 0, NULL, 1, pinned));
  CHECK(veralith_pinned_value(pinned, NULL) == NULL);
  INVALID(veralith_get_pinned(db, NULL, 0, "g", 1, NULL));
  INVALID(veralith_get_pinned(NULL, NULL, 0, "g", 1, pinned));
  CHECK(veralith_pinned_value(NULL, NULL) == NULL && veralith_pinned_timestamp(NULL) == 0);
  veralith_pinned_reset(NULL);
  veralith_pinned_free(pinned);
  veralith_pinned_free(NULL);
}

static void TestMultiGet(veralith_t* db) {
  const void* keys[3] = {"g", "nowhere", NULL};
  size_t sizes[3] = {1, 7, 0};
  char* values[3];
  size_t value_sizes[3];
  Put(db, "g", "1");
  Put(db, "", "");
  OK(veralith_multi_get(db, NULL, 0, 3, keys, sizes, values, value_sizes));
  CHECK(Equal(values[0], value_sizes[0], "1"));
  CHECK(values[1] == NULL);
  CHECK(values[2] != NULL && value_sizes[2] == 0);
  veralith_free(values[0]);
  veralith_free(values[2]);
  OK(veralith_multi_get(db, NULL, 0, 0, NULL, NULL, NULL, NULL));
  sizes[2] = 1;
  values[0] = (char*)keys;
  INVALID(veralith_multi_get(db, NULL, 0, 3, keys, sizes, values, value_sizes));
  CHECK(values[0] == NULL && values[1] == NULL && values[2] == NULL);
  INVALID(veralith_multi_get(db, NULL, 0, 3, NULL, sizes, values, value_sizes));
  INVALID(veralith_multi_get(db, NULL, 0, 3, keys, NULL, values, value_sizes));
  INVALID(veralith_multi_get(db, NULL, 0, 3, keys, sizes, NULL, value_sizes));
  INVALID(veralith_multi_get(db, NULL, 0, 3, keys, sizes, values, NULL));
  INVALID(veralith_multi_get(NULL, NULL, 0, 1, keys, sizes, values, value_sizes));
}

static void TestNamespaces(void) {
  veralith_t* db = NULL;
  const veralith_read_options_t no_switch = {sizeof(no_switch), NULL, NULL, 2, 0};
  uint64_t nothing = 0;
  uint64_t* namespaces = &nothing;
  size_t count = 9;
  OK(veralith_open(NULL, Path("namespaces"), &db));
  OK(veralith_namespaces(db, NULL, &namespaces, &count));
  CHECK(namespaces == NULL && count == 0);
  OK(veralith_put(db, NULL, INT64_MAX, "a", 1, "1", 1));
  OK(veralith_put(db, NULL, 7, "a", 1, "1", 1));
  OK(veralith_put(db, NULL, 0, "", 0, "", 0));
  OK(veralith_delete(db, NULL, 7, "a", 1));
  OK(veralith_namespaces(db, NULL, &namespaces, &count));
  CHECK(count == 2 && namespaces[0] == 0 && namespaces[1] == (uint64_t)INT64_MAX);
  veralith_free(namespaces);
  INVALID(veralith_namespaces(NULL, NULL, &namespaces, &count));
  CHECK(namespaces == NULL && count == 0);
  INVALID(veralith_namespaces(db, NULL, NULL, &count));
  INVALID(veralith_namespaces(db, NULL, &namespaces, NULL));
  INVALID(veralith_namespaces(db, &no_switch, &namespaces, &count));
  OK(veralith_close(db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_namespaces(db, NULL, &namespaces, &count));
  OK(veralith_db_free(db));
}

static void TestSnapshots(veralith_t* db) {
  veralith_snapshot_t* snapshot = NULL;
  veralith_snapshot_t* past = NULL;
  veralith_read_options_t read;
  uint64_t timestamp = 0;
  memset(&read, 0, sizeof(read));
  read.struct_size = sizeof(read);
  Put(db, "s", "old");
  timestamp = veralith_last_timestamp(db);
  OK(veralith_snapshot_create(db, &snapshot));
  CHECK(veralith_snapshot_timestamp(snapshot) == timestamp);
  Put(db, "s", "new");
  FAILS(VERALITH_OUT_OF_RANGE, veralith_snapshot_create_at(db, INT64_MAX, &past));
  CHECK(past == NULL);
  OK(veralith_snapshot_create_at(db, timestamp, &past));
  read.snapshot = snapshot;
  CHECK(strcmp(Get(db, &read, "s"), "old") == 0);
  read.timestamp = &timestamp;
  char* value = NULL;
  size_t size = 0;
  INVALID(veralith_get(db, &read, 0, "s", 1, &value, &size));
  read.snapshot = NULL;
  read.spare_cache = 1;
  CHECK(strcmp(Get(db, &read, "s"), "old") == 0);
  read.spare_cache = 2;
  INVALID(veralith_get(db, &read, 0, "s", 1, &value, &size));
  veralith_snapshot_free(snapshot);
  INVALID(veralith_snapshot_create(NULL, &snapshot));
  CHECK(snapshot == NULL);
  INVALID(veralith_snapshot_create(db, NULL));
  INVALID(veralith_snapshot_create_at(db, timestamp, NULL));
  INVALID(veralith_snapshot_create_at(NULL, timestamp, &snapshot));
  CHECK(veralith_snapshot_timestamp(NULL) == 0);
  veralith_snapshot_free(past);
  veralith_snapshot_free(NULL);
}

static void TestIteratorMoves(veralith_iterator_t* it) {
  size_t size = 0;
  uint64_t timestamp = 0;
  CHECK(veralith_iterator_valid(it) == 0);
  CHECK(veralith_iterator_key(it, &size) == NULL && veralith_iterator_value(it, NULL) == NULL);
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_iterator_timestamp(it, &timestamp));
  OK(veralith_iterator_next(it));
  OK(veralith_iterator_prev(it));
  OK(veralith_iterator_first(it));
  CHECK(veralith_iterator_valid(it) == 1);
  CHECK(veralith_iterator_key(it, NULL)[0] == 'b');
  CHECK(veralith_iterator_value(it, &size)[0] == '2' && size == 1);
  OK(veralith_iterator_timestamp(it, &timestamp));
  CHECK(timestamp > 0);
  OK(veralith_iterator_next(it));
  CHECK(veralith_iterator_key(it, NULL)[0] == 'c');
  OK(veralith_iterator_next(it));
  CHECK(veralith_iterator_valid(it) == 0);
  OK(veralith_iterator_status(it));
  OK(veralith_iterator_last(it));
  CHECK(veralith_iterator_key(it, NULL)[0] == 'c');
  OK(veralith_iterator_prev(it));
  CHECK(veralith_iterator_key(it, NULL)[0] == 'b');
  OK(veralith_iterator_seek(it, "bb", 2));
  CHECK(veralith_iterator_key(it, NULL)[0] == 'c');
  OK(veralith_iterator_seek_for_prev(it, "bb", 2));
  CHECK(veralith_iterator_key(it, NULL)[0] == 'b');
  INVALID(veralith_iterator_seek(it, NULL, 2));
  INVALID(veralith_iterator_seek_for_prev(it, NULL, 2));
  INVALID(veralith_iterator_timestamp(it, NULL));
}

static void TestNullIterators(veralith_t* db) {
  veralith_iterator_t* it = NULL;
  uint64_t timestamp = 0;
  veralith_bound_t bound = {3, 0, "a", 1};
  INVALID(veralith_iterator_create(db, NULL, 0, &bound, NULL, &it));
  bound.kind = VERALITH_BOUND_INCLUSIVE;
  bound.key = NULL;
  INVALID(veralith_iterator_create(db, NULL, 0, NULL, &bound, &it));
  INVALID(veralith_iterator_create(db, NULL, UINT64_MAX, NULL, NULL, &it));
  INVALID(veralith_iterator_create(NULL, NULL, 0, NULL, NULL, &it));
  INVALID(veralith_iterator_create(db, NULL, 0, NULL, NULL, NULL));
  CHECK(it == NULL);
  INVALID(veralith_iterator_first(NULL));
  INVALID(veralith_iterator_last(NULL));
  INVALID(veralith_iterator_seek(NULL, "a", 1));
  INVALID(veralith_iterator_seek_for_prev(NULL, "a", 1));
  INVALID(veralith_iterator_next(NULL));
  INVALID(veralith_iterator_prev(NULL));
  INVALID(veralith_iterator_status(NULL));
  INVALID(veralith_iterator_timestamp(NULL, &timestamp));
  CHECK(veralith_iterator_valid(NULL) == 0 && veralith_iterator_key(NULL, NULL) == NULL);
  CHECK(veralith_iterator_value(NULL, NULL) == NULL);
  veralith_iterator_free(NULL);
}

static void TestIterator(veralith_t* db) {
  veralith_iterator_t* it = NULL;
  const veralith_bound_t lower = {VERALITH_BOUND_EXCLUSIVE, 0, "a", 1};
  const veralith_bound_t upper = {VERALITH_BOUND_INCLUSIVE, 0, "c", 1};
  OK(veralith_delete_from(db, NULL, 0, "", 0));
  Put(db, "a", "1");
  Put(db, "b", "2");
  Put(db, "c", "3");
  Put(db, "d", "4");
  OK(veralith_iterator_create(db, NULL, 0, &lower, &upper, &it));
  Put(db, "bb", "later");
  TestIteratorMoves(it);
  veralith_iterator_free(it);
  TestNullIterators(db);
}

static void TestReports(veralith_t* db) {
  veralith_report_t* report = NULL;
  uint64_t number = 0;
  size_t size = 0;
  INVALID(veralith_statistics(NULL, &report));
  INVALID(veralith_statistics(db, NULL));
  OK(veralith_statistics(db, &report));
  OK(veralith_report_number(report, "commits", &number));
  CHECK(number > 0);
  OK(veralith_report_number(report, "levels.count", &number));
  FAILS(VERALITH_NOT_FOUND, veralith_report_number(report, "comits", &number));
  CHECK(number == 0);
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_report_number(report, "stall_reason", &number));
  INVALID(veralith_report_number(NULL, "commits", &number));
  INVALID(veralith_report_number(report, NULL, &number));
  INVALID(veralith_report_number(report, "commits", NULL));
  CHECK(veralith_report_find(report, "write_amplification", &size) != NULL && size > 0);
  CHECK(veralith_report_find(report, "none", &size) == NULL && size == 0);
  CHECK(veralith_report_find(NULL, "none", NULL) == NULL);
  CHECK(veralith_report_find(report, NULL, NULL) == NULL);
  const size_t count = veralith_report_count(report);
  for (size_t i = 0; i < count; ++i) {
    const char* const text = veralith_report_text(report, i, &size);
    CHECK(veralith_report_name(report, i) != NULL && text != NULL && strlen(text) == size);
  }
  CHECK(veralith_report_name(report, count) == NULL);
  CHECK(veralith_report_text(report, count, &size) == NULL && size == 0);
  CHECK(veralith_report_count(NULL) == 0 && veralith_report_name(NULL, 0) == NULL);
  veralith_report_free(report);
  veralith_report_free(NULL);
}

static void TestCompaction(veralith_t* db) {
  veralith_cancel_t* cancel = NULL;
  veralith_compact_options_t options;
  const veralith_bound_t upper = {VERALITH_BOUND_INCLUSIVE, 0, "m", 1};
  const veralith_bound_t wrong = {-1, 0, "m", 1};
  OK(veralith_compact(db, NULL, 0, NULL, &upper));
  OK(veralith_compact_all(db, NULL));
  INVALID(veralith_compact(db, NULL, 0, &wrong, NULL));
  INVALID(veralith_compact(NULL, NULL, 0, NULL, NULL));
  INVALID(veralith_compact_all(NULL, NULL));
  INVALID(veralith_cancel_create(NULL));
  OK(veralith_cancel_create(&cancel));
  memset(&options, 0, sizeof(options));
  INVALID(veralith_compact_all(db, &options));
  options.struct_size = sizeof(options);
  options.cancel = cancel;
  OK(veralith_compact_all(db, &options));
  veralith_cancel_request(cancel);
  veralith_cancel_request(NULL);
  FAILS(VERALITH_ABORTED, veralith_compact_all(db, &options));
  veralith_cancel_free(cancel);
  veralith_cancel_free(NULL);
}

static void TestMaintenance(veralith_t* db) {
  OK(veralith_flush(db));
  INVALID(veralith_flush(NULL));
  OK(veralith_wait_for_background_work(db));
  INVALID(veralith_wait_for_background_work(NULL));
  OK(veralith_resume(db));
  INVALID(veralith_resume(NULL));
  OK(veralith_set_background_rate(db, 1 << 20));
  OK(veralith_set_background_rate(db, 0));
  INVALID(veralith_set_background_rate(NULL, 0));
  OK(veralith_pause_background_work(db));
  OK(veralith_continue_background_work(db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_continue_background_work(db));
  INVALID(veralith_pause_background_work(NULL));
  INVALID(veralith_continue_background_work(NULL));
  OK(veralith_check(db));
  INVALID(veralith_check(NULL));
  INVALID(veralith_advance_clock(db, 0));
  OK(veralith_advance_clock(db, veralith_last_timestamp(db) + 1));
  INVALID(veralith_advance_clock(NULL, 1));
  OK(veralith_checkpoint(db, Path("copy")));
  FAILS(VERALITH_ALREADY_EXISTS, veralith_checkpoint(db, Path("copy")));
  INVALID(veralith_checkpoint(db, NULL));
  INVALID(veralith_checkpoint(NULL, Path("copy")));
}

static void TestPublication(veralith_t* db) {
  veralith_publish_options_t options;
  veralith_report_t* report = NULL;
  const uint64_t ns = 0;
  uint64_t number = 0;
  memset(&options, 0, sizeof(options));
  INVALID(veralith_publish_iceberg(db, Path("table"), &options, &report));  // without its size
  options.struct_size = sizeof(options);
  options.ns = &ns;
  options.format_version = 4;
  INVALID(veralith_publish_iceberg(db, Path("table"), &options, &report));
  CHECK(report == NULL);
  options.format_version = 3;
  options.reserved = 1;
  FAILS(VERALITH_UNIMPLEMENTED, veralith_publish_iceberg(db, Path("table"), &options, &report));
  options.reserved = 0;
  OK(veralith_publish_iceberg(db, Path("table"), &options, &report));
  OK(veralith_report_number(report, "snapshot_id", &number));
  CHECK(number == 1);
  OK(veralith_report_number(report, "format_version", &number));
  CHECK(number == 3);
  veralith_report_free(report);
  OK(veralith_publish_iceberg(db, Path("table"), NULL, NULL));
  INVALID(veralith_publish_iceberg(NULL, Path("table"), NULL, NULL));
  INVALID(veralith_publish_iceberg(db, NULL, NULL, NULL));
}

static void Count(void* state, const char* what, uint64_t done, uint64_t total) {
  CHECK(what != NULL && done <= total);
  ++*(int*)state;
}

static void TestDirectories(void) {
  char source[4096];
  veralith_report_t* report = NULL;
  uint64_t number = 0;
  int calls = 0;
  veralith_repair_options_t repair;
  snprintf(source, sizeof(source), "%s", Path("copy"));
  OK(veralith_check_database(NULL, source, Count, &calls, &report));
  OK(veralith_report_number(report, "damage.count", &number));
  CHECK(number == 0 && calls > 0);
  veralith_report_free(report);
  FAILS(VERALITH_NOT_FOUND, veralith_check_database(NULL, "/nowhere", NULL, NULL, &report));
  veralith_report_free(report);
  INVALID(veralith_check_database(NULL, NULL, NULL, NULL, &report));
  INVALID(veralith_check_database(NULL, source, NULL, NULL, NULL));
  memset(&repair, 0, sizeof(repair));
  INVALID(veralith_repair_database(NULL, source, Path("repaired"), &repair, &report));
  repair.struct_size = sizeof(repair);
  repair.progress = Count;
  repair.state = &calls;
  repair.dry_run = 1;
  OK(veralith_repair_database(NULL, source, Path("repaired"), &repair, &report));
  veralith_report_free(report);
  OK(veralith_repair_database(NULL, source, Path("repaired"), NULL, &report));
  OK(veralith_report_number(report, "lost.count", &number));
  CHECK(number == 0);
  OK(veralith_report_number(report, "kept.0.entries", &number));
  CHECK(number > 0);
  veralith_report_free(report);
  FAILS(VERALITH_ALREADY_EXISTS,
        veralith_repair_database(NULL, source, Path("repaired"), NULL, &report));
  veralith_report_free(report);
  INVALID(veralith_repair_database(NULL, NULL, Path("repaired"), NULL, &report));
  INVALID(veralith_repair_database(NULL, source, NULL, NULL, &report));
  INVALID(veralith_repair_database(NULL, source, Path("repaired"), NULL, NULL));
}

struct Heard {
  int begins;
  int ends;
  int freed;
};

static void Hear(void* state, const veralith_event_t* event) {
  struct Heard* const heard = state;
  CHECK(event->struct_size == sizeof(*event));
  heard->begins += event->kind == VERALITH_EVENT_FLUSH_BEGIN;
  heard->ends +=
      event->kind == VERALITH_EVENT_FLUSH_END && event->status == NULL && event->bytes_written > 0;
}

static void FreeHeard(void* state) { ++((struct Heard*)state)->freed; }

static void TestListener(void) {
  struct Heard heard = {0, 0, 0};
  veralith_listener_t listener;
  veralith_options_t* options = NULL;
  veralith_t* db = NULL;
  memset(&listener, 0, sizeof(listener));
  OK(veralith_options_create(&options));
  INVALID(veralith_options_add_listener(options, NULL));
  INVALID(veralith_options_add_listener(options, &listener));
  listener.struct_size = sizeof(listener);
  listener.state = &heard;
  listener.free_state = FreeHeard;
  INVALID(veralith_options_add_listener(options, &listener));  // on_event is null
  CHECK(heard.freed == 0);
  listener.on_event = Hear;
  INVALID(veralith_options_add_listener(NULL, &listener));
  OK(veralith_options_add_listener(options, &listener));
  OK(veralith_open(options, Path("listener"), &db));
  veralith_options_free(options);
  Put(db, "a", "1");
  OK(veralith_flush(db));
  CHECK(heard.freed == 0);
  OK(veralith_db_free(db));
  CHECK(heard.begins == 1 && heard.ends == 1 && heard.freed == 1);
}

// Iterators, snapshots and pinned values stay objects when their database is closed, and freed.
static void TestClosed(void) {
  veralith_t* db = NULL;
  veralith_iterator_t* it = NULL;
  veralith_snapshot_t* snapshot = NULL;
  veralith_pinned_t* pinned = NULL;
  size_t size = 0;
  char large[1000];
  memset(large, 'v', sizeof(large));
  OK(veralith_open(NULL, Path("closed"), &db));
  OK(veralith_put(db, NULL, 0, "a", 1, large, sizeof(large)));
  OK(veralith_iterator_create(db, NULL, 0, NULL, NULL, &it));
  OK(veralith_iterator_first(it));
  OK(veralith_snapshot_create(db, &snapshot));
  OK(veralith_pinned_create(&pinned));
  OK(veralith_get_pinned(db, NULL, 0, "a", 1, pinned));
  OK(veralith_close(db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_iterator_next(it));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_flush(db));
  OK(veralith_db_free(db));
  FAILS(VERALITH_FAILED_PRECONDITION, veralith_iterator_status(it));
  CHECK(veralith_iterator_valid(it) == 0 && veralith_iterator_key(it, NULL) == NULL);
  CHECK(veralith_pinned_value(pinned, &size) != NULL && size == sizeof(large));
  CHECK(memcmp(veralith_pinned_value(pinned, NULL), large, size) == 0);
  veralith_snapshot_free(snapshot);
  veralith_iterator_free(it);
  veralith_pinned_free(pinned);
}

int main(void) {
  veralith_t* db = NULL;
  TestVersionAndStatus();
  TestOptions();
  TestExecutor();
  TestCache();
  TestBudget();
  TestOpening();
  OK(veralith_open(NULL, Path("db"), &db));
  TestWrites(db);
  TestLaterStructs(db);
  TestRangeDeletes(db);
  TestBatch(db);
  TestGet(db);
  TestPinned(db);
  TestMultiGet(db);
  TestSnapshots(db);
  TestIterator(db);
  TestReports(db);
  TestCompaction(db);
  TestMaintenance(db);
  TestPublication(db);
  OK(veralith_db_free(db));
  TestDirectories();
  TestNamespaces();
  TestListener();
  TestClosed();
  puts("OK");
  return 0;
}
