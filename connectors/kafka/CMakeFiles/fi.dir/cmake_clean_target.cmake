file(REMOVE_RECURSE
  "libfi.a"
)
