"""The derived index of a collection: vectors (FAISS) and terms (BM25), level with the store."""
