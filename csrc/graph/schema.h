// What model.cc and options.cc share; nothing outside this folder includes it.
#pragma once

#include "graph/graph.h"
#include "graph/schema_generated.h"

namespace octavo {

// Decodes the options of `op`, whose code is `code`, into a struct of graph/options.h; null where
// the code has none.
Status decode_options(const schema::Operator& op, Opcode code, Arena& arena, const void** out);

}  // namespace octavo
