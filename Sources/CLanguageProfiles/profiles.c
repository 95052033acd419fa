#include "CLanguageProfiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char profiles[] = {
#embed "profiles.bin"
};

const unsigned char *language_profiles(size_t *length) {
    *length = sizeof profiles;
    return profiles;
}
