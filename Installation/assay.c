/* The installed program: the command line of the library beside it, so that the engine is there once. */
#include "assay.h"

int main(int argc, char **argv) { assay_main(argc, argv); }
