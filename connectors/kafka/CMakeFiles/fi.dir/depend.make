# Empty dependencies file for fi.
# This may be replaced when dependencies are built.
