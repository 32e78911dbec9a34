// SPDX-License-Identifier: Apache-2.0

#include <stdio.h>

#include "veralith/c.h"

static veralith_status_t* Use(veralith_t* db) {
  const veralith_write_options_t synced = {sizeof(synced), VERALITH_SYNC_COMMIT, 0};
  veralith_status_t* error = veralith_put(db, &synced, 0, "apple", 5, "red", 3);
  veralith_iterator_t* it = NULL;  // sees one moment
  if (error == NULL) {
    error = veralith_iterator_create(db, NULL, 0, NULL, NULL, &it);
  }
  if (error == NULL) {
    error = veralith_iterator_first(it);
  }
  while (error == NULL && veralith_iterator_valid(it)) {
    size_t key_size, value_size;
    const char* key = veralith_iterator_key(it, &key_size);
    const char* value = veralith_iterator_value(it, &value_size);
    printf("%.*s=%.*s\n", (int)key_size, key, (int)value_size, value);
    error = veralith_iterator_next(it);
  }
  veralith_iterator_free(it);
  return error;
}

int main(int argc, char** argv) {
  veralith_t* db = NULL;
  veralith_status_t* error =
      veralith_open(NULL, argc > 1 ? argv[1] : "/tmp/veralith-example-c", &db);
  if (error == NULL) {
    error = Use(db);
  }
  veralith_status_t* closed = veralith_db_free(db);  // all of it is on disk, or an error
  const int failed = error != NULL || closed != NULL;
  printf("%s\n", failed ? veralith_status_message(error != NULL ? error : closed) : "OK");
  veralith_status_free(error);
  veralith_status_free(closed);
  return failed;
}
