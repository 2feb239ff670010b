// What operators that files call by a name find in their options.
#pragma once

#include "graph/flexbuffer.h"
#include "ops/op.h"

namespace octavo {

// read(const FlexMap& options), which returns a Status, takes what the operator knows. Its failures
// are the node's.
template <class Read>
Status read_custom_options(const PrepareContext& c, const Read& read) {
  FlexMap options;
  Status s = FlexMap::open(c.step.node->custom_options, options);
  if (s.ok()) s = read(options);
  return s.ok() ? s : c.fail(s.message());
}

}  // namespace octavo
