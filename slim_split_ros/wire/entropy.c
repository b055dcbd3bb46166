/*
 * The entropy coder, compiled: the same bits as ans_python.py, which defines them.
 *
 * Called by entropy_native.py through ctypes; no header of Python is needed. Callers check sizes
 * and allocate; whatever the words hold, nothing outside the arrays is touched, and a call ends
 * after as many symbols as it was asked for.
 */

#include <stdint.h>

#define INTERFACE_VERSION 2
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
  const uint64_t *reciprocal; /* a division takes most of the time of small processors */
  const int32_t *offset; /* by table: the symbol of entry 0, and the entry of the escape */
  const int32_t *escape;
  const uint8_t *entry_of; /* by table and quantile; only decoding reads it */
} table_set;

/* What a stream still holds: the words below `left`, and the state above them. */
typedef struct {
  uint64_t state;
  int64_t left;
} position;

int32_t entropy_interface_version(void) { return INTERFACE_VERSION; }

/*
 * Divide x below 2^52 by n below 2^12, given 2^64 / n rounded down plus 1, or 0 for n = 1. That is
 * too large by less than n / 2^64 parts, which x times it never shows: the quotient is exact.
 */
static uint64_t divide(uint64_t x, uint64_t n, uint64_t reciprocal) {
#if defined(__SIZEOF_INT128__)
  (void)n;
  return reciprocal ? (uint64_t)((unsigned __int128)x * reciprocal >> 64) : x;
#else
  (void)reciprocal;
  return x / n;
#endif
}

/* Write at most count + 2 words; return how many. */
int64_t entropy_encode(const table_set *tables, const uint16_t *table_of, const uint8_t *entries,
                       int64_t count, uint32_t *words) {
  uint64_t state = 0;
  int64_t written = 0;
  for (int64_t i = count - 1; i >= 0; i--) {
    const uint32_t entry = tables->first[table_of[i]] + entries[i];
    const uint64_t n = tables->frequency[entry];
    if (state >= n << (64 - PRECISION + TABLE_SHIFT)) {
      words[written++] = (uint32_t)state;
      state >>= WORD_BITS;
    }
    const uint64_t quotient = divide(state >> TABLE_SHIFT, n, tables->reciprocal[entry]);
    state = (quotient << PRECISION) + ((uint64_t)tables->start[entry] << TABLE_SHIFT) +
            (state - (quotient * n << TABLE_SHIFT));
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

/* The rest finds tables as context_model.py does, which says what the numbers mean. */

#define AROUND 4
#define PARENT_WEIGHT 32
#define EARLIER_WEIGHT 1
#define PRIOR 4
#define SIZE_BITS 16
#define SHARE 16
#define STEPS_PER_TABLE 8
#define LOWEST ((SIZE_BITS - 10) * SHARE)
#define BANK 32
#define MOST_PARENTS 8
#define SILENT -1

enum status { FINE, ESCAPES_RUN_OUT, ESCAPE_IN_VAIN, NO_LEVEL };

typedef struct {
  const int16_t *expected; /* channels x levels */
  const uint32_t *sizes;   /* channels x (levels + 1) */
  const uint64_t *base;    /* channels x levels */
  const uint16_t *parents;
  const uint32_t *first_parents; /* channels + 1 */
  int32_t levels, planes, channels, height, width;
} context_model;

typedef struct {
  int8_t *symbols;
  int64_t count;
  int64_t taken;
} escaped_symbols;

/* One way through a frame, to encode (entries is set) or to decode. */
typedef struct {
  const table_set *tables;
  escaped_symbols *escaped;
  uint8_t *entries;
  uint16_t *table_of;
  int64_t count;
  const uint32_t *words;
  position *at;
} passage;

static int32_t pass(passage *way, uint32_t table, int8_t *symbol) {
  const int32_t offset = way->tables->offset[table], escape = way->tables->escape[table];
  escaped_symbols *escaped = way->escaped;
  if (way->entries) {
    const int32_t entry = *symbol - offset;
    const int is_plain = entry >= 0 && entry < escape;
    way->table_of[way->count] = (uint16_t)table;
    way->entries[way->count++] = (uint8_t)(is_plain ? entry : escape);
    if (!is_plain) {
      escaped->symbols[escaped->taken++] = *symbol;
    }
    return FINE;
  }
  const int32_t entry = next_entry(way->tables, table, way->words, way->at);
  if (entry != escape) {
    *symbol = (int8_t)(entry + offset);
    return FINE;
  }
  if (escaped->taken == escaped->count) {
    return ESCAPES_RUN_OUT;
  }
  *symbol = escaped->symbols[escaped->taken++];
  return *symbol >= offset && *symbol < offset + escape ? ESCAPE_IN_VAIN : FINE;
}

static int32_t logarithm(uint64_t number) {
  int32_t octave = 63;
#if defined(__GNUC__)
  octave -= __builtin_clzll(number);
#else
  while (!(number >> octave)) {
    octave--;
  }
#endif
  return 16 * octave + (int32_t)(number << 4 >> octave) - 16;
}

static uint32_t bank_table(int32_t expected, uint64_t seen, uint64_t usual) {
  const int32_t steps = expected + SIZE_BITS * SHARE - LOWEST + logarithm(seen + PRIOR) -
                        logarithm(usual + ((uint64_t)PRIOR << SIZE_BITS));
  if (steps < 0) {
    return 0;
  }
  return steps / STEPS_PER_TABLE < BANK ? (uint32_t)(steps / STEPS_PER_TABLE) : BANK - 1;
}

/*
 * Planes of cells lie in the workspace with two more columns and a row above, which stay zero, so
 * that every cell has neighbours.
 */
typedef struct {
  uint8_t *magnitudes; /* of all channels */
  uint32_t *sums;      /* of magnitudes of earlier channels of a cell */
  uint32_t *places;    /* in such a plane, of the cells that send a channel */
  uint32_t *cells;     /* numbers of the same, without the border */
  uint8_t *kinds;      /* level of each cell; outside it is one more than the last */
  int64_t size, stride;
} workspace;

static workspace lay_out(uint32_t *memory, const context_model *model) {
  workspace space;
  space.stride = model->width + 2;
  space.size = (model->height + 1) * space.stride;
  space.sums = memory;
  space.places = space.sums + space.size;
  space.cells = space.places + space.size;
  space.kinds = (uint8_t *)(space.cells + space.size);
  space.magnitudes = space.kinds + space.size;
  return space;
}

static int32_t pass_levels(passage *way, const context_model *model, const workspace *space,
                           int8_t *symbols) {
  const int32_t levels = model->levels;
  const int64_t back[AROUND] = {1, space->stride, space->stride + 1, space->stride - 1};
  for (int64_t place = 0; place < space->size; place++) {
    space->kinds[place] = (uint8_t)levels;
  }
  for (int32_t y = 0; y < model->height; y++) {
    for (int32_t x = 0; x < model->width; x++, symbols++) {
      uint8_t *kind = space->kinds + (y + 1) * space->stride + 1 + x;
      uint32_t table = 0;
      for (int i = 0; i < AROUND; i++) {
        const uint8_t beside = kind[-back[i]];
        table = table * (uint32_t)levels + (beside == levels ? 0 : beside);
      }
      const int32_t status = pass(way, table, symbols);
      if (status) {
        return status;
      }
      if (*symbols < 0 || *symbols >= levels) {
        return NO_LEVEL;
      }
      *kind = (uint8_t)*symbols;
    }
  }
  return FINE;
}

/* List the cells of which a channel is sent; return how many. */
static int64_t list_cells(const context_model *model, const workspace *space,
                          const int16_t *expected) {
  int64_t count = 0;
  for (int32_t y = 0; y < model->height; y++) {
    for (int32_t x = 0; x < model->width; x++) {
      const int64_t place = (y + 1) * space->stride + 1 + x;
      if (expected[space->kinds[place]] != SILENT) {
        space->places[count] = (uint32_t)place;
        space->cells[count++] = (uint32_t)(y * model->width + x);
      }
    }
  }
  return count;
}

static int32_t pass_channel(passage *way, const context_model *model, const workspace *space,
                            int32_t channel, uint32_t first_table, int64_t count,
                            int8_t *symbols) {
  const int16_t *expected = model->expected + channel * model->levels;
  const uint64_t *base = model->base + channel * model->levels;
  const uint32_t *sizes = model->sizes + channel * (model->levels + 1);
  const uint16_t *parents = model->parents + model->first_parents[channel];
  const uint32_t parent_count =
      model->first_parents[channel + 1] - model->first_parents[channel];
  const uint8_t *of_parents[MOST_PARENTS];
  for (uint32_t j = 0; j < parent_count; j++) {
    of_parents[j] = space->magnitudes + parents[j] * space->size;
  }
  const int is_plane = channel < model->planes;
  const int64_t stride = space->stride;
  for (int64_t i = 0; i < count; i++) {
    const int64_t place = space->places[i];
    const uint8_t *kind = space->kinds + place;
    uint8_t *own = space->magnitudes + channel * space->size + place;
    uint32_t seen = is_plane ? 0 : space->sums[place];
    uint64_t usual = base[*kind];
    for (uint32_t j = 0; j < parent_count; j++) {
      seen += PARENT_WEIGHT * (uint32_t)of_parents[j][place];
    }
    seen += 16u * own[-1] + 12u * own[-stride] + 6u * own[-stride - 1] + 4u * own[-stride + 1];
    usual += UINT64_C(16) * sizes[kind[-1]] + UINT64_C(12) * sizes[kind[-stride]] +
             UINT64_C(6) * sizes[kind[-stride - 1]] + UINT64_C(4) * sizes[kind[-stride + 1]];
    int8_t *symbol = symbols + space->cells[i];
    const int32_t status =
        pass(way, first_table + bank_table(expected[*kind], seen, usual), symbol);
    if (status) {
      return status;
    }
    *own = (uint8_t)(*symbol < 0 ? -*symbol : *symbol);
    if (!is_plane) {
      space->sums[place] += EARLIER_WEIGHT * (uint32_t)*own;
    }
  }
  return FINE;
}

static int32_t pass_frame(passage *way, const context_model *model, uint32_t *memory,
                          int8_t *symbols) {
  const workspace space = lay_out(memory, model);
  const int16_t *sent = 0;
  int64_t count = 0;
  const uint32_t levels = (uint32_t)model->levels;
  const uint32_t combinations = levels * levels * levels * levels;
  int32_t status = pass_levels(way, model, &space, symbols);
  for (int32_t channel = 1; !status && channel < model->channels; channel++) {
    const int16_t *expected = model->expected + channel * model->levels;
    int is_new = !sent;
    for (int32_t level = 0; !is_new && level < model->levels; level++) {
      is_new = (expected[level] == SILENT) != (sent[level] == SILENT);
    }
    if (is_new) {
      count = list_cells(model, &space, expected);
      sent = expected;
    }
    symbols += (int64_t)model->height * model->width;
    status = pass_channel(way, model, &space, channel,
                          combinations + (channel < model->planes ? 0 : BANK), count, symbols);
  }
  return status;
}

/*
 * Find the entry and table of all that is sent of a frame, in order; return how many. The
 * memory is zeros. A level out of range gives -1.
 */
int64_t entropy_place(const table_set *tables, const context_model *model, int8_t *symbols,
                      uint32_t *memory, uint8_t *entries, uint16_t *table_of,
                      escaped_symbols *escaped) {
  passage way = {tables, escaped, entries, table_of, 0, 0, 0};
  return pass_frame(&way, model, memory, symbols) ? -1 : way.count;
}

/* Decode a frame into zeros; return a status. */
int32_t entropy_decode_contexts(const table_set *tables, const context_model *model,
                                const uint32_t *words, position *at, escaped_symbols *escaped,
                                uint32_t *memory, int8_t *symbols) {
  passage way = {tables, escaped, 0, 0, 0, words, at};
  return pass_frame(&way, model, memory, symbols);
}
