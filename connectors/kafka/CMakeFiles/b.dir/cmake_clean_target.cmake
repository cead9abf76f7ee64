file(REMOVE_RECURSE
  "libb.a"
)
