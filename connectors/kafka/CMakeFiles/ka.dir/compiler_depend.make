# Empty compiler generated dependencies file for ka.
# This may be replaced when dependencies are built.
