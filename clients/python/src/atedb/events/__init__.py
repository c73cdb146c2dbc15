"""Events, seals and commits: their bytes, made once, and read where they lie."""
