/* What the C interface of octavo has more where there is an operating system. */
#ifndef OCTAVO_HOST_OCTAVO_HOST_H_
#define OCTAVO_HOST_OCTAVO_HOST_H_

#include "capi/octavo.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For octavo_options: up to `count` threads of the process's pool, the caller's included. The pool
 * serves one step at a time; a step that finds it busy runs on its caller's thread alone. */
octavo_threads octavo_process_threads(int32_t count);

#ifdef __cplusplus
}
#endif

#endif /* OCTAVO_HOST_OCTAVO_HOST_H_ */
