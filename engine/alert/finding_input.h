#pragma once
// What a detector has found, as an input of the alert's life.
#include "alert/lifecycle.h"

namespace tocsin::alert {

// Pure. Input::changed is the caller's to say: it takes the alert's last telling to know it.
Input input_of(const detect::Finding& finding);

}  // namespace tocsin::alert
