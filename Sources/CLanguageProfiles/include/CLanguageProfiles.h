#pragma once

#include <stddef.h>

/// The language profiles of langdetect, packed as make_profiles.py says, and their length in bytes.
const unsigned char *language_profiles(size_t *length);
