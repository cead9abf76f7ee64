# Empty dependencies file for st.
# This may be replaced when dependencies are built.
