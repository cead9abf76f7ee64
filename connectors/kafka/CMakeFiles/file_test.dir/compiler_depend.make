# Empty compiler generated dependencies file for file_test.
# This may be replaced when dependencies are built.
