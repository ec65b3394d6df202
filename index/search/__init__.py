"""A collection's derived index: vectors (FAISS) and terms (BM25), up to date with the store."""
