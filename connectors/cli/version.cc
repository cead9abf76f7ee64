#include "connectors/cli/version.h"

namespace tocsin::cli {

const char* const kRevision = TOCSIN_REVISION;  // connectors/cli/revision.cmake asks git for it

}  // namespace tocsin::cli
