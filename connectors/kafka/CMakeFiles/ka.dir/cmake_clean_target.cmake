file(REMOVE_RECURSE
  "libka.a"
)
