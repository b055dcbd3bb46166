/*
 * The entropy coder, compiled: the same bits as ans_python.py, which defines them.
 *
 * Called by entropy_native.py through ctypes; no header of Python is needed. Callers check sizes
 * and allocate; whatever the words hold, nothing outside the arrays is touched, and a call ends
 * after as many symbols as it was asked for.
 */

#include <stdint.h>

#define INTERFACE_VERSION 1
#define PRECISION 24
#define TABLE_SHIFT 12
#define WORD_BITS 32
#define QUANTILE_MASK ((UINT64_C(1) << PRECISION) - 1)
#define STATE_LOW (UINT64_C(1) << 32)
#define TABLE_TOTAL 4096

/* Entries of all tables follow each other; table t begins with entry first[t]. */
typedef struct {
  const uint32_t *first;
  const uint16_t *frequency;
  const uint16_t *start;
  const uint8_t *entry_of; /* by table and quantile; only decoding reads it */
} table_set;

/* What a stream still holds: the words below `left`, and the state above them. */
typedef struct {
  uint64_t state;
  int64_t left;
} position;

int32_t entropy_interface_version(void) { return INTERFACE_VERSION; }

/* Write at most count + 2 words; return how many. */
int64_t entropy_encode(const table_set *tables, const uint16_t *table_of, const uint8_t *entries,
                       int64_t count, uint32_t *words) {
  uint64_t state = 0;
  int64_t written = 0;
  for (int64_t i = count - 1; i >= 0; i--) {
    const uint32_t entry = tables->first[table_of[i]] + entries[i];
    const uint64_t n = tables->frequency[entry];
    const uint64_t frequency = n << TABLE_SHIFT;
    if (state >= n << (64 - PRECISION + TABLE_SHIFT)) {
      words[written++] = (uint32_t)state;
      state >>= WORD_BITS;
    }
    const uint64_t quotient = state / frequency;
    state = (quotient << PRECISION) + ((uint64_t)tables->start[entry] << TABLE_SHIFT) +
            (state - quotient * frequency);
  }
  for (; state; state >>= WORD_BITS) {
    words[written++] = (uint32_t)state;
  }
  return written;
}

static uint8_t next_entry(const table_set *tables, uint32_t table, const uint32_t *words,
                          position *at) {
  const uint64_t quantile = at->state & QUANTILE_MASK;
  const uint8_t number = tables->entry_of[table * TABLE_TOTAL + (quantile >> TABLE_SHIFT)];
  const uint32_t entry = tables->first[table] + number;
  at->state = (at->state >> PRECISION) * ((uint64_t)tables->frequency[entry] << TABLE_SHIFT) +
              quantile - ((uint64_t)tables->start[entry] << TABLE_SHIFT);
  if (at->state < STATE_LOW && at->left) {
    at->state = at->state << WORD_BITS | words[--at->left];
  }
  return number;
}

/* Read `count` entries from where a stream stands, and move on. */
void entropy_decode(const table_set *tables, const uint16_t *table_of, int64_t count,
                    const uint32_t *words, position *at, uint8_t *entries) {
  for (int64_t i = 0; i < count; i++) {
    entries[i] = next_entry(tables, table_of[i], words, at);
  }
}
