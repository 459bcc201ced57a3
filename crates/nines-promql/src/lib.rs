//! PromQL: text to checked plan to values over a series source.
