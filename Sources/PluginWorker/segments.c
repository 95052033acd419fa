#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker.h"

typedef struct segment {
    uint64_t number;
    const void *memory;
    size_t size;
    struct segment *next;
} segment;

static segment *segments;

const void *segment_memory(const aw_message *command, int descriptor) {
    if (command->segment_size == 0) {
        for (segment *one = segments; one; one = one->next)
            if (one->number == command->segment) return one->memory;
        abort(); /* not reached: the host names what it has given */
    }
    void *memory = mmap(NULL, command->segment_size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) abort(); /* the plugin has taken all address space */
    close(descriptor);
    segment *made = take_memory(sizeof *made);
    *made = (segment){command->segment, memory, command->segment_size, segments};
    segments = made;
    return memory;
}

void forget_segment(uint64_t number) {
    for (segment **place = &segments; *place; place = &(*place)->next) {
        segment *one = *place;
        if (one->number != number) continue;
        *place = one->next;
        munmap((void *)one->memory, one->size);
        free(one);
        return;
    }
}
