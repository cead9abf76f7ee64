# Empty dependencies file for b.
# This may be replaced when dependencies are built.
