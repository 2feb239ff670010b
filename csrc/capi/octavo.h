/* The C interface of octavo: one network, in memory that the caller gives. It uses no heap, no
 * files and no global state, so that it runs where there is no operating system.
 *
 *   static _Alignas(16) const unsigned char model[] = { ... };   the bytes of a .tflite file
 *   static _Alignas(64) unsigned char memory[32768];
 *
 *   octavo_network* network;
 *   if (octavo_create(model, sizeof(model), memory, sizeof(memory), NULL, &network) != OCTAVO_OK ||
 *       octavo_prepare(network) != OCTAVO_OK) {
 *     puts(octavo_message(network));
 *   }
 *   octavo_tensor in, out;
 *   octavo_input(network, 0, &in);
 *   octavo_output(network, 0, &out);
 *   for (;;) {
 *     ... write in.bytes bytes to in.data ...
 *     octavo_invoke(network);
 *     ... read out.bytes bytes from out.data ...
 *   }
 *
 * After an error of octavo_create or octavo_prepare every further call gives that error again.
 * `network` is null only where octavo_create says so, and then only octavo_message takes it.
 *
 * A network is not for several threads at once; several networks may share one model's bytes. There
 * is nothing to free, but what octavo_release gives back to a heap: the memory is the caller's
 * again as soon as it no longer uses the network.
 */
#ifndef OCTAVO_CAPI_OCTAVO_H_
#define OCTAVO_CAPI_OCTAVO_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct octavo_network octavo_network;

typedef enum octavo_status {
  OCTAVO_OK = 0,
  OCTAVO_INVALID = 1, /* what the caller gave is wrong: the model, a shape, an index */
  OCTAVO_FAILED = 2   /* the request was sound, but cannot be carried out: not enough memory, an
                         operator that octavo does not have, an impossible value in the data */
} octavo_status;

/* Element types, numbered as in .tflite files. */
typedef enum octavo_type {
  OCTAVO_FLOAT32 = 0,
  OCTAVO_FLOAT16 = 1,
  OCTAVO_INT32 = 2,
  OCTAVO_UINT8 = 3,
  OCTAVO_INT64 = 4,
  OCTAVO_BOOL = 6,
  OCTAVO_INT16 = 7,
  OCTAVO_COMPLEX64 = 8, /* pairs of a real and an imaginary float */
  OCTAVO_INT8 = 9,
  OCTAVO_FLOAT64 = 10,
  OCTAVO_UINT64 = 12,
  OCTAVO_UINT32 = 15,
  OCTAVO_UINT16 = 16
} octavo_type;

enum { OCTAVO_MAX_RANK = 8 };

/* An input or output of a network. A quantized element q stands for (q - zero_point) * scale. */
typedef struct octavo_tensor {
  void* data;   /* row-major elements, aligned as their type wants, always at the same place; null
                   before octavo_prepare. Where the shape follows from values, both are those of the
                   last octavo_invoke, until the next one; null before the first */
  size_t bytes; /* of all elements */
  octavo_type type;
  int32_t rank;
  int32_t shape[OCTAVO_MAX_RANK]; /* the first `rank` count */
  float scale;                    /* 0 where the tensor is not quantized or has several scales */
  int32_t zero_point;
} octavo_tensor;

/* Computes part number `part` of a step. `worker`, at least 0 and less than the count of threads,
 * is never two threads' at the same time. */
typedef void (*octavo_part)(const void* task, int32_t part, int32_t worker);

/* Threads that the caller lends. The same interface for what an operating system has
 * (octavo_process_threads, in host/octavo_host.h) and for firmware on several cores. */
typedef struct octavo_threads {
  int32_t count; /* at most, the caller's own included; 0: that alone */
  void* context;
  /* Calls part(task, i, worker) once for each i < parts, in any order, on up to `count` threads,
   * and returns when all are done and what they wrote can be read. */
  void (*run)(void* context, int32_t parts, octavo_part part, const void* task);
} octavo_threads;

/* One use of a custom operator in a network, as its functions see it. */
typedef struct octavo_node {
  int32_t input_count, output_count;
  const octavo_tensor* inputs; /* rank -1: an optional one that is left out. While preparing data is
                                  null but for constants */
  octavo_tensor* outputs;
  const void* options; /* the bytes that the file has for the operator, and how many */
  size_t options_size;
  size_t scratch_bytes; /* prepare sets it where invoke needs memory while it runs */
  void* scratch;        /* of so many bytes, aligned to 64; null while preparing */
} octavo_node;

/* An operator that model files call by a name. Its functions return null, or what is wrong, in one
 * line: that becomes the text of the network's error, behind the operator and its node. */
typedef struct octavo_custom_op {
  const char* name;
  void* context; /* handed to the functions */
  /* Before memory is shared out, once for each node: checks the operands and sets rank and shape of
   * each output, which are those of the file before. Null: these are right. */
  const char* (*prepare)(void* context, octavo_node* node);
  /* Computes the outputs' data. */
  const char* (*invoke)(void* context, const octavo_node* node);
} octavo_custom_op;

/* Memory that the caller lends for what has no size before the network runs: tensors whose shapes
 * follow from values. All zero: a network that needs any is an error of octavo_prepare. */
typedef struct octavo_heap {
  void* context;
  /* Returns `bytes` zero-filled bytes, aligned as for any type, or null: calloc. */
  void* (*take)(void* context, size_t bytes);
  void (*give_back)(void* context, void* block);
} octavo_heap;

/* How a network runs. All zero is as good as none: the best kernels, one thread, no heap. */
typedef struct octavo_options {
  const char* isa; /* the instruction set whose kernels to use, as "portable" or "avx2"; null: the
                      best that this CPU has and this library was built for */
  octavo_threads threads;
  const octavo_custom_op* custom_ops; /* they stay as long as the network is used */
  int32_t custom_op_count;
  octavo_heap heap;
  /* How many times all WHILE loops of one octavo_invoke together may go round; 0: a million. */
  int64_t max_loop_iterations;
} octavo_options;

/* Reads a model: checks all that can be checked in the file, so that a damaged or malicious one is
 * an error and nothing worse.
 *
 * model         the bytes of a .tflite file, aligned to 16 bytes. Not copied: they stay, unchanged,
 *               as long as the network is used. Flash will do.
 * memory        everything that the network needs comes from here, and only where it is too small
 *               from a heap; any alignment, 64 bytes wastes nothing. octavo_memory_used tells how
 *               much was needed.
 * options       null: the best kernels, one thread, no heap. Not needed after the call, but for
 *               what `threads` and `heap` refer to, and `custom_ops`.
 * network       the result; also after an error, to ask octavo_message for its text. Null where
 *               `memory` does not even hold that.
 */
octavo_status octavo_create(const void* model, size_t model_size, void* memory, size_t memory_size,
                            const octavo_options* options, octavo_network** network);

/* Gives input number `input` another shape. Between octavo_create and octavo_prepare. */
octavo_status octavo_resize_input(octavo_network* network, int32_t input, const int32_t* shape,
                                  int32_t rank);

/* Makes the network ready to run: checks every operator and gives every tensor its place. Once. */
octavo_status octavo_prepare(octavo_network* network);

/* The number of inputs and outputs; 0 after an error of octavo_create or octavo_prepare. */
int32_t octavo_input_count(const octavo_network* network);
int32_t octavo_output_count(const octavo_network* network);

/* Describes an input or output, counted from 0 in the model's order. */
octavo_status octavo_input(octavo_network* network, int32_t input, octavo_tensor* tensor);
octavo_status octavo_output(octavo_network* network, int32_t output, octavo_tensor* tensor);

/* Computes the outputs from the inputs, which it leaves as they are. After octavo_prepare. */
octavo_status octavo_invoke(octavo_network* network);

/* Makes the state that a network keeps from one octavo_invoke to the next what octavo_prepare
 * leaves: variable tensors are zero, and what ASSIGN_VARIABLE has stored is forgotten. */
octavo_status octavo_reset_variables(octavo_network* network);

/* Gives back what was taken from octavo_options.heap. The network cannot be used any more. */
void octavo_release(octavo_network* network);

/* What the last error was, in one line, as
 * `CONV_2D (node 12 "conv1"): filter has 3 input channels, input has 4`; empty before any. */
const char* octavo_message(const octavo_network* network);

/* Bytes in use that octavo_invoke does not take anew; after octavo_prepare it stays the same. */
size_t octavo_memory_used(const octavo_network* network);

#ifdef __cplusplus
}
#endif

#endif /* OCTAVO_CAPI_OCTAVO_H_ */
