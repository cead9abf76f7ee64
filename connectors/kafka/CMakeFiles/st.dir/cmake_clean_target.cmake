file(REMOVE_RECURSE
  "libst.a"
)
