/* octavo_run MODEL INPUTS OUTPUTS: runs a network once, where there is no Python. INPUTS has the
 * elements of all inputs, one input behind the other in the model's order, as they lie in memory
 * (numpy's tofile); OUTPUTS receives those of all outputs. Shapes are the model's. OCTAVO_ISA
 * chooses the kernels. */
#include <stdio.h>
#include <stdlib.h>

#include "capi/octavo.h"

/* Address space; what a network does not use is never backed by memory. */
static const size_t kMemory = (size_t)1 << 30;

static int fail(const char* what, const char* why) {
  fprintf(stderr, "octavo_run: %s: %s\n", what, why);
  return 1;
}

/* The bytes of a file, aligned for every type; null after an error. */
static void* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  unsigned char* bytes = NULL;
  long end = -1;
  if (fseek(file, 0, SEEK_END) == 0) end = ftell(file);
  if (end >= 0 && fseek(file, 0, SEEK_SET) == 0) {
    *size = (size_t)end;
    bytes = malloc(*size + 1); /* of nothing it may be null */
  }
  if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

static int read_inputs(octavo_network* network, const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return fail(path, "cannot be read");
  int is_short = 0;
  for (int32_t i = 0; i < octavo_input_count(network); ++i) {
    octavo_tensor t;
    octavo_input(network, i, &t);
    is_short |= fread(t.data, 1, t.bytes, file) != t.bytes;
  }
  const int is_long = fgetc(file) != EOF;
  fclose(file);
  if (is_short) return fail(path, "has fewer bytes than the network's inputs");
  if (is_long) return fail(path, "has more bytes than the network's inputs");
  return 0;
}

static int write_outputs(octavo_network* network, const char* path) {
  FILE* file = fopen(path, "wb");
  if (file == NULL) return fail(path, "cannot be written");
  int is_short = 0;
  for (int32_t i = 0; i < octavo_output_count(network); ++i) {
    octavo_tensor t;
    octavo_output(network, i, &t);
    is_short |= fwrite(t.data, 1, t.bytes, file) != t.bytes;
  }
  is_short |= fclose(file) != 0;
  return is_short ? fail(path, "cannot be written") : 0;
}

static int run(const void* model, size_t model_size, void* memory, char** paths) {
  const octavo_options options = {.isa = getenv("OCTAVO_ISA")};
  octavo_network* network;
  if (octavo_create(model, model_size, memory, kMemory, &options, &network) != OCTAVO_OK ||
      octavo_prepare(network) != OCTAVO_OK) {
    return fail(paths[0], octavo_message(network));
  }
  if (read_inputs(network, paths[1]) != 0) return 1;
  if (octavo_invoke(network) != OCTAVO_OK) return fail(paths[0], octavo_message(network));
  return write_outputs(network, paths[2]);
}

int main(int count, char** arguments) {
  if (count != 4) return fail("usage", "octavo_run MODEL INPUTS OUTPUTS");
  size_t size;
  void* model = read_file(arguments[1], &size);
  if (model == NULL) return fail(arguments[1], "cannot be read");
  void* memory = malloc(kMemory);
  const int result = memory == NULL ? fail(arguments[1], "there is no memory to run it in")
                                    : run(model, size, memory, arguments + 1);
  free(memory);
  free(model);
  return result;
}
