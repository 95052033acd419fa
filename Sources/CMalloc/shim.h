/* The settings of glibc's allocator, which Swift's module of the C library lacks. */
#include <malloc.h>
