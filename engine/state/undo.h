#pragma once
// What takes a batch back whose write has failed. The disk may have taken it and then reported the error, so that it
// turns up after a crash (README): whoever does not write the same again writes this before anything else.
#include "state/store.h"

namespace tocsin::state {

// A batch after which all that `batch` touches is as it is in `store` now, whether `batch` was written before it or
// not. An error: the store could not be read.
Result<Batch> undo_of(const Store& store, const Batch& batch);

}  // namespace tocsin::state
