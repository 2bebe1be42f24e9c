#include "../avx2/add.c"
