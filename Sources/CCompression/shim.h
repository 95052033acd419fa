/* zlib and zstd, as the system installs them. */
#include <zlib.h>
#include <zstd.h>
