//! HTTP APIs, server-rendered pages, background loops.
