/* The CPU time of threads since they were born, also of those that end while they are traced. */
#ifndef GILSCOPE_TRACER_CPU_H
#define GILSCOPE_TRACER_CPU_H

#include <stdint.h>
#include "record.h"

/* From now on threads tell their ends in this trace. Returns the times by thread number, -1 where one is not known. */
const int64_t *gs_cpu_watch(unsigned trace);
/* In a thread that has just got its number. */
void gs_cpu_enrol(gs_self *self);
/* Asks those that have not ended, of the first so many; after it none tells its end. */
void gs_cpu_read(const int32_t *native_ids, unsigned threads);
void gs_cpu_in_child(void);

#endif
