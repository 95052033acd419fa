#include <stdlib.h>

#include "worker.h"

/* Open addressing with linear probing and backward-shift deletion (Knuth, The Art of Computer Programming, volume 3,
 * section 6.4, algorithm R). */

static size_t home(const tag_set *set, uint64_t slot) {
    return (size_t)((slot * 0x9E3779B97F4A7C15u) >> 32) & (set->capacity - 1);
}

static size_t place_of(const tag_set *set, uint64_t slot) {
    size_t place = home(set, slot);
    while (set->slots[place] && set->slots[place] != slot) place = (place + 1) & (set->capacity - 1);
    return place;
}

static void grow(tag_set *set) {
    tag_set larger = {.capacity = set->capacity ? 2 * set->capacity : 64, .count = set->count, .has_last = set->has_last};
    larger.slots = take_memory(larger.capacity * sizeof *larger.slots);
    for (size_t i = 0; i < larger.capacity; i++) larger.slots[i] = 0;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i]) larger.slots[place_of(&larger, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = larger;
}

bool add_tag(tag_set *set, uint64_t tag) {
    if (tag == UINT64_MAX) {
        const bool is_new = !set->has_last;
        set->has_last = true;
        return is_new;
    }
    if (2 * (set->count + 1) > set->capacity) grow(set);
    const size_t place = place_of(set, tag + 1);
    if (set->slots[place]) return false;
    set->slots[place] = tag + 1;
    set->count++;
    return true;
}

void remove_tag(tag_set *set, uint64_t tag) {
    if (tag == UINT64_MAX) {
        set->has_last = false;
        return;
    }
    if (set->count == 0) return;
    size_t hole = place_of(set, tag + 1);
    if (!set->slots[hole]) return;
    set->count--;
    const size_t mask = set->capacity - 1;
    for (size_t next = (hole + 1) & mask; set->slots[next]; next = (next + 1) & mask) {
        /* A slot may move into the hole unless its home lies behind that. */
        if (((next - home(set, set->slots[next])) & mask) < ((next - hole) & mask)) continue;
        set->slots[hole] = set->slots[next];
        hole = next;
    }
    set->slots[hole] = 0;
}

void free_tags(tag_set *set) {
    free(set->slots);
    *set = (tag_set){0};
}
