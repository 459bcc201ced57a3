//! Journal adapters: memory, SQLite.
