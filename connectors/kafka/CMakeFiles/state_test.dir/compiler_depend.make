# Empty compiler generated dependencies file for state_test.
# This may be replaced when dependencies are built.
