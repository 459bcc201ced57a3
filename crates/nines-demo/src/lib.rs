//! The demo shop: real HTTP services, real traffic, breakable.
