
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/engine/base/hash.cc" "CMakeFiles/b.dir/work/main/engine/base/hash.cc.o" "gcc" "CMakeFiles/b.dir/work/main/engine/base/hash.cc.o.d"
  "/work/main/engine/base/json_writer.cc" "CMakeFiles/b.dir/work/main/engine/base/json_writer.cc.o" "gcc" "CMakeFiles/b.dir/work/main/engine/base/json_writer.cc.o.d"
  "/work/main/engine/base/nearest.cc" "CMakeFiles/b.dir/work/main/engine/base/nearest.cc.o" "gcc" "CMakeFiles/b.dir/work/main/engine/base/nearest.cc.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
