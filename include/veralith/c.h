// SPDX-License-Identifier: Apache-2.0

// Veralith for C (C99) and for languages that call C. One header, one binary interface.
//
//   veralith_t* db = NULL;
//   veralith_status_t* error = veralith_open(NULL, "/tmp/example", &db);
//   if (error == NULL) error = veralith_put(db, NULL, 0, "apple", 5, "red", 3);
//   if (error != NULL) puts(veralith_status_message(error));
//   veralith_status_free(error);
//
// The meaning of a call is that of its C++ counterpart; veralith/db.h and its neighbours say the
// rest. docs/C_API.md leads from names of LevelDB, RocksDB and C++ to these.
//
// Errors. A call that can fail returns a veralith_status_t*: NULL is OK, anything else is an error
// with a code and a message. The caller owns it: veralith_status_free. Where the compiler can, it
// warns if the result is dropped. Without memory for an error, its code still comes. The codes of
// each call are those of the C++ call; in addition any call is
//   InvalidArgument     A pointer is null that must not be, bytes are null with a size above 0, a
//                       number is none of its constants, or a struct_size is wrong.
// An error leaves outputs null or 0, unless a comment says otherwise. No exception leaves this
// interface.
//
// Bytes. Keys and values are any bytes, given as pointer and size; null with size 0 is the empty
// one. They are copied where they are kept. Paths, names of options and texts end with a 0 byte.
// Limits are the constants below; namespaces go up to INT64_MAX, and 0 is the ordinary one.
//
// Memory. Each kind of object has its own function that frees it, and no other may. Bytes returned
// through a char** are freed with veralith_free. Every such function ignores null. Pointers
// returned as `const char*` belong to the object that they were asked of. Freeing an object twice,
// or using it afterwards, is the one misuse that cannot be told from right use.
//
// Lifetime. veralith_close ends a database: later calls on it, and its iterators, return
// FailedPrecondition. veralith_db_free gives its memory back, and must be the last call that is
// given this veralith_t. Iterators, snapshots and pinned values may be freed before or after it.
// Options, read options and batches may be freed as soon as a call returns.
//
// Threads.
//   veralith_t                              any thread, any call; veralith_db_free alone
//   veralith_iterator_t, veralith_batch_t, veralith_pinned_t, veralith_options_t
//                                           one thread at a time
//   veralith_snapshot_t, veralith_executor_t, veralith_cancel_t
//                                           any thread; freed once nobody uses it
//   veralith_status_t, veralith_report_t    never change: any number of readers
//
// Binary interface. Objects are opaque. Constants are plain integers: no enumeration is a parameter
// or a field. A struct that may grow begins with struct_size, which the caller sets to its sizeof.
// Fields are only added, at the end. A library refuses with Unimplemented what it does not know: a
// later field that is not 0. Fields named `reserved` are 0.
//
// What C++ has and C has not:
//   Options::file_system, clock, random_seed   doors for simulations, interfaces of C++
//   Executor, except a pool of threads         an interface of C++
//   ScopedSnapshot, Bound's makers             C has no scopes and no constructors
//   WriteBatch::lacks_memory                   each call that fills a batch returns its own error
//   DbIterator::status of a new iterator       veralith_iterator_create returns it
#ifndef VERALITH_C_H_
#define VERALITH_C_H_

#include <stddef.h>
#include <stdint.h>

// What a shared library shows of itself, and a result that is not to be dropped.
#if defined(__GNUC__)
#define VERALITH_C_EXPORT __attribute__((visibility("default")))
#define VERALITH_C_CHECKED __attribute__((warn_unused_result))
#else
#define VERALITH_C_EXPORT
#define VERALITH_C_CHECKED
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct veralith_t veralith_t;                    // a database
typedef struct veralith_status_t veralith_status_t;      // an error
typedef struct veralith_options_t veralith_options_t;    // how to open a database
typedef struct veralith_batch_t veralith_batch_t;        // operations that commit together
typedef struct veralith_iterator_t veralith_iterator_t;  // a walk over keys
typedef struct veralith_snapshot_t veralith_snapshot_t;  // a moment that is held
typedef struct veralith_pinned_t veralith_pinned_t;      // a value that is held, not copied
typedef struct veralith_report_t veralith_report_t;      // names and what they are
typedef struct veralith_cancel_t veralith_cancel_t;      // a request to stop
typedef struct veralith_executor_t veralith_executor_t;  // threads for background work
typedef struct veralith_cache_t veralith_cache_t;        // pages of several databases

// Limits; beyond them a call is InvalidArgument.
enum {
  VERALITH_MAX_KEY_BYTES = 32000,
  VERALITH_MAX_VALUE_BYTES = 268435456,
  VERALITH_MAX_BATCH_BYTES = 1073741824
};

// --- Errors --------------------------------------------------------------------------------------

// Codes of errors; veralith/db.h says when each occurs.
enum {
  VERALITH_OK = 0,
  VERALITH_CANCELLED = 1,
  VERALITH_UNKNOWN = 2,
  VERALITH_INVALID_ARGUMENT = 3,
  VERALITH_DEADLINE_EXCEEDED = 4,
  VERALITH_NOT_FOUND = 5,
  VERALITH_ALREADY_EXISTS = 6,
  VERALITH_PERMISSION_DENIED = 7,
  VERALITH_RESOURCE_EXHAUSTED = 8,
  VERALITH_FAILED_PRECONDITION = 9,
  VERALITH_ABORTED = 10,
  VERALITH_OUT_OF_RANGE = 11,
  VERALITH_UNIMPLEMENTED = 12,
  VERALITH_INTERNAL = 13,
  VERALITH_UNAVAILABLE = 14,
  VERALITH_DATA_LOSS = 15,
  VERALITH_UNAUTHENTICATED = 16
};

// Returns the code; of null: VERALITH_OK.
VERALITH_C_EXPORT int32_t veralith_status_code(const veralith_status_t* status);
// Returns what happened, for people; of null: "".
VERALITH_C_EXPORT const char* veralith_status_message(const veralith_status_t* status);
// Returns the name of a code, "NOT_FOUND" for example. It lives for ever.
VERALITH_C_EXPORT const char* veralith_code_name(int32_t code);
// Frees the error.
VERALITH_C_EXPORT void veralith_status_free(veralith_status_t* status);

// --- Reports -------------------------------------------------------------------------------------
// A report is a list of names and texts. Items of a list are numbered, "levels.0.files", and
// "levels.count" says how many there are. Texts are those of C++: numbers in decimal.

// Returns the number of entries; of null: 0.
VERALITH_C_EXPORT size_t veralith_report_count(const veralith_report_t* report);
// Returns the name of entry `index`; null: there is no such entry.
VERALITH_C_EXPORT const char* veralith_report_name(const veralith_report_t* report, size_t index);
// Returns the text of entry `index`, which a 0 byte follows; null: there is no such entry. `size`
// may be null.
VERALITH_C_EXPORT const char* veralith_report_text(const veralith_report_t* report, size_t index,
                                                   size_t* size);
// Returns the text of the entry with this name; null: there is none. Time in proportion to the
// number of entries.
VERALITH_C_EXPORT const char* veralith_report_find(const veralith_report_t* report,
                                                   const char* name, size_t* size);
// Sets `*number`. NotFound: no entry has the name. FailedPrecondition: its text is no whole number.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_report_number(
    const veralith_report_t* report, const char* name, uint64_t* number);
// Frees the report, and every text that came from it.
VERALITH_C_EXPORT void veralith_report_free(veralith_report_t* report);

// --- Options -------------------------------------------------------------------------------------

// Makes options with every default.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_create(
    veralith_options_t** options);
// Sets an option by its name in veralith/options.h and a text: "read_only" to "true",
// "write_buffer_bytes" to "8388608", "compaction_policy" to "tiered". `veralith options` and
// docs/OPTIONS.md list them. NotFound: no option has the name. InvalidArgument: the text says no
// legal value; the option keeps its value.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_set(
    veralith_options_t* options, const char* name, const char* text);
// Reports every option by name, as a text that veralith_options_set reads. Null: the defaults.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_describe(
    const veralith_options_t* options, veralith_report_t** report);
// Frees the options; databases that were opened with them go on.
VERALITH_C_EXPORT void veralith_options_free(veralith_options_t* options);

// Makes a pool of `threads` threads, at least 1 and at most 1024, for several databases. It lives
// until it is freed and every database that uses it, too.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_executor_create(
    int32_t threads, veralith_executor_t** executor);
// Databases opened with `options` use `executor`; null: the pool that they share by default.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_set_executor(
    veralith_options_t* options, const veralith_executor_t* executor);
// Frees it; its threads end when the last database that uses them is freed.
VERALITH_C_EXPORT void veralith_executor_free(veralith_executor_t* executor);

// Makes a cache of at most `capacity_bytes` for pages of several databases (veralith/cache.h). It
// lives until it is freed and every database that uses it, too.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_cache_create(
    uint64_t capacity_bytes, veralith_cache_t** cache);
// The same; it is a budget for memtables, too: `memtable_bytes` of it are what they may take.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_cache_create_budget(
    uint64_t capacity_bytes, uint64_t memtable_bytes, veralith_cache_t** cache);
// Databases opened with `options` share `cache`, whatever their option "cache_bytes" says; null:
// each has a cache of its own.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_set_cache(
    veralith_options_t* options, const veralith_cache_t* cache);
// Returns the most bytes that the cache holds; of null: 0.
VERALITH_C_EXPORT uint64_t veralith_cache_capacity_bytes(const veralith_cache_t* cache);
// Returns the bytes of pages that it holds now, of all databases; of null: 0.
VERALITH_C_EXPORT uint64_t veralith_cache_charged_bytes(const veralith_cache_t* cache);
// Returns the bytes of memtables charged to it now, of all databases; of null: 0.
VERALITH_C_EXPORT uint64_t veralith_cache_memtable_charged_bytes(const veralith_cache_t* cache);
// Frees it; its memory goes when the last database that uses it is freed.
VERALITH_C_EXPORT void veralith_cache_free(veralith_cache_t* cache);

// Kinds of events (veralith/listener.h).
enum {
  VERALITH_EVENT_FLUSH_BEGIN = 1,
  VERALITH_EVENT_FLUSH_END = 2,
  VERALITH_EVENT_COMPACTION_BEGIN = 3,
  VERALITH_EVENT_COMPACTION_END = 4,
  VERALITH_EVENT_STALL_BEGIN = 5,
  VERALITH_EVENT_STALL_END = 6,
  VERALITH_EVENT_ERROR = 7,
  VERALITH_EVENT_ERROR_CLEARED = 8
};
// How writers are held back: each commit waits a little, or until there is room.
enum { VERALITH_STALL_SLOWDOWN = 1, VERALITH_STALL_STOP = 2 };

// What happened. Fields that a kind lacks are 0 or null; veralith/listener.h says which it has.
typedef struct veralith_event_t {
  size_t struct_size;               // set by the library
  int32_t kind;                     // VERALITH_EVENT_...
  int32_t stall_kind;               // VERALITH_STALL_...
  uint64_t job_id;                  // the same at begin and end
  uint64_t memtables;               // number of them
  uint64_t entries;                 // in all of them
  uint64_t input_files;             // segments
  uint64_t input_bytes;             // in them
  uint64_t bytes_written;           // to segments
  uint64_t bytes_copied;            // part of bytes_written: pages copied unchanged
  int64_t retry_nanos;              // until the job is tried again
  int32_t input_level;              // the upper one
  int32_t output_level;             // where the result goes
  int32_t fatal;                    // 1: no write is possible until the database is opened again
  int32_t reserved;                 // 0
  const char* reason;               // or "flush" or "compaction", when an error is cleared
  const veralith_status_t* status;  // null: OK; lives as long as the call
} veralith_event_t;

// Who is told of events.
typedef struct veralith_listener_t {
  size_t struct_size;  // set by the caller
  void* state;         // passed to both functions
  // Called with each event, one at a time, from any thread. It must not throw or end the thread.
  // veralith/listener.h says which calls it may make.
  void (*on_event)(void* state, const veralith_event_t* event);
  // Called once nobody can call on_event any more; may be null.
  void (*free_state)(void* state);
} veralith_listener_t;

// Adds a listener to databases that are opened with `options`. Copies `*listener`. After an error
// free_state is not called.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_options_add_listener(
    veralith_options_t* options, const veralith_listener_t* listener);

// --- A database's life ---------------------------------------------------------------------------

// Opens, creates or recovers the database in `directory`. `options` may be null: the defaults.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_open(
    const veralith_options_t* options, const char* directory, veralith_t** db);
// Opens it for reading only, whatever option read_only says.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_open_read_only(
    const veralith_options_t* options, const char* directory, veralith_t** db);
// Makes every acknowledged write durable and stops. OK: it is durable. A later call returns the
// same. The veralith_t is still to be freed.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_close(veralith_t* db);
// Closes the database if that is not done yet, and frees it. Returns what veralith_close returns;
// `db` is freed in any case.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_db_free(veralith_t* db);

// --- Writing -------------------------------------------------------------------------------------

// When a write is durable (SyncMode in veralith/options.h); default: as option sync_mode says.
enum {
  VERALITH_SYNC_DEFAULT = 0,
  VERALITH_SYNC_COMMIT = 1,
  VERALITH_SYNC_INTERVAL = 2,
  VERALITH_SYNC_MANUAL = 3
};

// How a write is made.
typedef struct veralith_write_options_t {
  size_t struct_size;  // set by the caller
  int32_t sync;        // VERALITH_SYNC_...
  int32_t reserved;    // 0
} veralith_write_options_t;

// In all calls below `options` may be null: the defaults.

// Sets `key` to `value`.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_put(
    veralith_t* db, const veralith_write_options_t* options, uint64_t ns, const void* key,
    size_t key_size, const void* value, size_t value_size);
// Deletes `key`. Not an error if it is absent.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_delete(
    veralith_t* db, const veralith_write_options_t* options, uint64_t ns, const void* key,
    size_t key_size);
// Deletes every key in [begin, end). A null `end` is refused, because it could mean two things.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_delete_range(
    veralith_t* db, const veralith_write_options_t* options, uint64_t ns, const void* begin,
    size_t begin_size, const void* end, size_t end_size);
// Deletes every key from `begin` to the end of the namespace.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_delete_from(
    veralith_t* db, const veralith_write_options_t* options, uint64_t ns, const void* begin,
    size_t begin_size);
// Commits the batch and sets `*timestamp`, which may be null, to that of the commit.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_write(
    veralith_t* db, const veralith_write_options_t* options, const veralith_batch_t* batch,
    uint64_t* timestamp);
// Makes every write acknowledged so far durable.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_sync(veralith_t* db);

// Operations that commit together; see veralith/write_batch.h. A call that fails adds nothing:
// InvalidArgument beyond a limit, ResourceExhausted without memory. After the latter the batch
// cannot be written until it is cleared.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_create(
    veralith_batch_t** batch);
// Adds a put. Copies its arguments.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_put(
    veralith_batch_t* batch, uint64_t ns, const void* key, size_t key_size, const void* value,
    size_t value_size);
// Adds a deletion.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_delete(
    veralith_batch_t* batch, uint64_t ns, const void* key, size_t key_size);
// Adds the deletion of every key in [begin, end). A null `end` is refused.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_delete_range(
    veralith_batch_t* batch, uint64_t ns, const void* begin, size_t begin_size, const void* end,
    size_t end_size);
// Adds the deletion of every key from `begin` to the end of the namespace.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_delete_from(
    veralith_batch_t* batch, uint64_t ns, const void* begin, size_t begin_size);
// Empties the batch, for reuse.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_clear(
    veralith_batch_t* batch);
// Returns the number of operations; of null: 0.
VERALITH_C_EXPORT size_t veralith_batch_count(const veralith_batch_t* batch);
// Returns the bytes of all keys and values; of null: 0.
VERALITH_C_EXPORT size_t veralith_batch_bytes(const veralith_batch_t* batch);

// Kinds of operations.
enum {
  VERALITH_OPERATION_PUT = 1,
  VERALITH_OPERATION_DELETE = 2,
  VERALITH_OPERATION_DELETE_RANGE = 3,
  VERALITH_OPERATION_DELETE_FROM = 4
};

// One operation of a batch. The bytes belong to the batch, until it is changed or freed.
typedef struct veralith_operation_t {
  size_t struct_size;  // set by the caller
  int32_t kind;        // VERALITH_OPERATION_...
  int32_t reserved;    // 0
  uint64_t ns;         // its namespace
  const char* key;     // of a range: its begin
  size_t key_size;     // bytes
  const char* value;   // of a range: its end; else null if there is none
  size_t value_size;   // bytes
} veralith_operation_t;

// Fills in operation `index`, in the order in which they were added. OutOfRange: there are fewer.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_batch_operation(
    const veralith_batch_t* batch, size_t index, veralith_operation_t* operation);
// Frees the batch.
VERALITH_C_EXPORT void veralith_batch_free(veralith_batch_t* batch);

// --- Reading -------------------------------------------------------------------------------------

// The moment that a read sees: at most one of `snapshot` and `timestamp`; neither: the newest.
typedef struct veralith_read_options_t {
  size_t struct_size;                   // set by the caller
  const veralith_snapshot_t* snapshot;  // null: none
  const uint64_t* timestamp;            // null: none
  // 1: pages read for this call do not displace others from the cache. (fill_cache in C++, turned
  // round so that 0 is the default.)
  int32_t spare_cache;
  int32_t reserved;  // 0
} veralith_read_options_t;

// Sets `*value` to a copy, to be freed with veralith_free, and `*value_size`. An absent key is no
// error: then `*value` is null. (An empty value is not null.)
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_get(
    veralith_t* db, const veralith_read_options_t* options, uint64_t ns, const void* key,
    size_t key_size, char** value, size_t* value_size);
// Makes `pinned` hold the value, without a copy of large ones, or nothing if the key is absent or
// after an error. A veralith_pinned_t can be used again; then it lets go of what it held.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_get_pinned(
    veralith_t* db, const veralith_read_options_t* options, uint64_t ns, const void* key,
    size_t key_size, veralith_pinned_t* pinned);
// Makes one that holds nothing.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_pinned_create(
    veralith_pinned_t** pinned);
// Returns the value; null: nothing is held. `size` may be null.
VERALITH_C_EXPORT const char* veralith_pinned_value(const veralith_pinned_t* pinned, size_t* size);
// Returns the timestamp of the commit that wrote the value; 0: nothing is held.
VERALITH_C_EXPORT uint64_t veralith_pinned_timestamp(const veralith_pinned_t* pinned);
// Lets go of the value.
VERALITH_C_EXPORT void veralith_pinned_reset(veralith_pinned_t* pinned);
// Lets go of the value, and frees it.
VERALITH_C_EXPORT void veralith_pinned_free(veralith_pinned_t* pinned);
// Reads `count` keys at one moment. `values[i]` and `value_sizes[i]` are set as veralith_get does,
// each value to be freed by itself. After an error all of them are null.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_multi_get(
    veralith_t* db, const veralith_read_options_t* options, uint64_t ns, size_t count,
    const void* const* keys, const size_t* key_sizes, char** values, size_t* value_sizes);
// Sets `*namespaces` to the namespaces that hold a key, ascending, to be freed with veralith_free,
// and `*count` to their number. None is no error: then `*namespaces` is null.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_namespaces(
    veralith_t* db, const veralith_read_options_t* options, uint64_t** namespaces, size_t* count);
// Frees what came through a char** or uint64_t**.
VERALITH_C_EXPORT void veralith_free(void* bytes);

// Kinds of bounds.
enum { VERALITH_BOUND_OPEN = 0, VERALITH_BOUND_INCLUSIVE = 1, VERALITH_BOUND_EXCLUSIVE = 2 };

// One end of a range of keys. Never grows.
typedef struct veralith_bound_t {
  int32_t kind;      // VERALITH_BOUND_...
  int32_t reserved;  // 0
  const void* key;   // meaningless when open
  size_t key_size;   // its bytes
} veralith_bound_t;

// Makes an iterator over the keys between the bounds, which may be null: open. It is not
// positioned: seek first. It sees one moment, whatever is written later.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_create(
    veralith_t* db, const veralith_read_options_t* options, uint64_t ns,
    const veralith_bound_t* lower, const veralith_bound_t* upper, veralith_iterator_t** iterator);
// Moves to the first key inside the bounds. Like all moves it returns why the iterator could not go
// on. OK says nothing about whether there is a key: ask veralith_iterator_valid.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_first(
    veralith_iterator_t* iterator);
// Moves to the last key inside the bounds.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_last(
    veralith_iterator_t* iterator);
// Moves to the first key at or after `key`.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_seek(
    veralith_iterator_t* iterator, const void* key, size_t key_size);
// Moves to the last key at or before `key`.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_seek_for_prev(
    veralith_iterator_t* iterator, const void* key, size_t key_size);
// Moves to the next key. Does nothing when the iterator is at none.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_next(
    veralith_iterator_t* iterator);
// Moves to the key before. Does nothing when the iterator is at none.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_prev(
    veralith_iterator_t* iterator);
// Returns 1 if the iterator is at a key, else 0; of null: 0.
VERALITH_C_EXPORT int32_t veralith_iterator_valid(const veralith_iterator_t* iterator);
// Returns the key; null: the iterator is at none. The bytes stay until it moves or is freed. `size`
// may be null.
VERALITH_C_EXPORT const char* veralith_iterator_key(const veralith_iterator_t* iterator,
                                                    size_t* size);
// Returns the value, as veralith_iterator_key does the key.
VERALITH_C_EXPORT const char* veralith_iterator_value(const veralith_iterator_t* iterator,
                                                      size_t* size);
// Sets `*timestamp` to that of the commit that wrote the value; may read it from a file.
// FailedPrecondition: the iterator is at no key.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_timestamp(
    const veralith_iterator_t* iterator, uint64_t* timestamp);
// Returns again why the iterator could not go on.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_iterator_status(
    const veralith_iterator_t* iterator);
// Frees the iterator, and lets go of what it reads.
VERALITH_C_EXPORT void veralith_iterator_free(veralith_iterator_t* iterator);

// Holds the newest state.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_snapshot_create(
    veralith_t* db, veralith_snapshot_t** snapshot);
// Holds the state of a timestamp (Db::GetSnapshotAt says when it is OutOfRange).
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_snapshot_create_at(
    veralith_t* db, uint64_t timestamp, veralith_snapshot_t** snapshot);
// Returns the timestamp up to which it sees; of null: 0.
VERALITH_C_EXPORT uint64_t veralith_snapshot_timestamp(const veralith_snapshot_t* snapshot);
// Releases it. Nothing may read at it meanwhile or later.
VERALITH_C_EXPORT void veralith_snapshot_free(veralith_snapshot_t* snapshot);

// --- Maintenance ---------------------------------------------------------------------------------

// Writes everything committed before the call to segments, durably.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_flush(veralith_t* db);

// A request to stop, for any number of calls, from any thread. It cannot be taken back.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_cancel_create(
    veralith_cancel_t** cancel);
// Requests it.
VERALITH_C_EXPORT void veralith_cancel_request(veralith_cancel_t* cancel);
// Frees it, once no call uses it.
VERALITH_C_EXPORT void veralith_cancel_free(veralith_cancel_t* cancel);

// How a compaction is made.
typedef struct veralith_compact_options_t {
  size_t struct_size;               // set by the caller
  const veralith_cancel_t* cancel;  // may be null; once requested, the call is Aborted
} veralith_compact_options_t;

// Flushes, then compacts the keys between the bounds (null: open).
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_compact(
    veralith_t* db, const veralith_compact_options_t* options, uint64_t ns,
    const veralith_bound_t* lower, const veralith_bound_t* upper);
// Flushes, then compacts everything.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_compact_all(
    veralith_t* db, const veralith_compact_options_t* options);
// Waits until no background work is due, or returns the error of work that failed.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_wait_for_background_work(
    veralith_t* db);
// Tries failed background work again at once.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_resume(veralith_t* db);
// Sets the most bytes per second that flushes and compactions write; 0: no limit.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_set_background_rate(
    veralith_t* db, uint64_t bytes_per_second);
// Waits for running flushes and compactions to end and starts no others.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_pause_background_work(
    veralith_t* db);
// Takes back one pause.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_continue_background_work(
    veralith_t* db);
// Makes a consistent copy in `directory`, which must not exist.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_checkpoint(veralith_t* db,
                                                                            const char* directory);

// What veralith_publish_iceberg does. Zeros: now, everything, the table's own format, all stay.
typedef struct veralith_publish_options_t {
  size_t struct_size;      // set by the caller
  const uint64_t* at;      // null: now
  const uint64_t* ns;      // null: all namespaces
  const char* location;    // of a new table; null: its folder
  uint64_t keep;           // the newest snapshots, that many
  uint64_t keep_nanos;     // and those younger; neither: all stay
  int32_t format_version;  // 2 or 3; 0: the table's own
  int32_t reserved;        // 0
} veralith_publish_options_t;

// Publishes the database as a snapshot of an Iceberg table. `report` (may be null) receives every
// member of PublishReport (veralith/iceberg.h) by its name; null after an error.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_publish_iceberg(
    veralith_t* db, const char* table, const veralith_publish_options_t* options,
    veralith_report_t** report);
// Verifies every checksum and structural rule of the live segments.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_check(veralith_t* db);

// Returns the newest commit's timestamp; 0: there is none, or `db` is null.
VERALITH_C_EXPORT uint64_t veralith_last_timestamp(const veralith_t* db);
// Moves the clock past a timestamp received from elsewhere.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_advance_clock(veralith_t* db,
                                                                               uint64_t remote);
// Reports every counter by its name in veralith/statistics.h: "commits", "lifetime.user",
// "levels.0.files"; and "write_amplification", "lifetime.write_amplification" and
// "space_amplification_at_most".
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_statistics(
    veralith_t* db, veralith_report_t** report);

// --- Directories ---------------------------------------------------------------------------------

// Tells how far a long call has come. `what`: the file that is checked next, or the phase of a
// repair. `done` and `total` are bytes; both are 0 if they are not known.
typedef void (*veralith_progress_t)(void* state, const char* what, uint64_t done, uint64_t total);

// Verifies a closed database (veralith/check_database.h). OK: the check was made; "damage.count" is
// the number of findings, "damage.0" the first. `options` and `progress` may be null. The report
// also comes with an error, as far as the check went, if there is memory for it; else it is null.
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_check_database(
    const veralith_options_t* options, const char* directory, veralith_progress_t progress,
    void* state, veralith_report_t** report);

// How a repair is made.
typedef struct veralith_repair_options_t {
  size_t struct_size;            // set by the caller
  int32_t behind_damage;         // 1: takes sound log records after damage, too
  int32_t dry_run;               // 1: reports only
  veralith_progress_t progress;  // may be null
  void* state;                   // passed to it
} veralith_repair_options_t;

// Builds the best database that a damaged directory allows (veralith/repair.h). `options` and
// `repair` may be null. Reports as veralith_check_database does: "kept.0.file", "lost.0.what",
// "risks.0".
VERALITH_C_EXPORT VERALITH_C_CHECKED veralith_status_t* veralith_repair_database(
    const veralith_options_t* options, const char* source, const char* target,
    const veralith_repair_options_t* repair, veralith_report_t** report);

// Returns the version of the library, "MAJOR.MINOR.PATCH". It lives for ever.
VERALITH_C_EXPORT const char* veralith_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#undef VERALITH_C_EXPORT
#undef VERALITH_C_CHECKED

#endif  // VERALITH_C_H_
