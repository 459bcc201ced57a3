//! The simulator: the real engine on a virtual clock, with seeded faults and an oracle that knows what must hold.
//!
//! Development only. One seed is one world: a journal that fails before or after it has written, channels that
//! refuse, lose answers or take their time, a process that dies between any two steps. A failure names its seed.

mod paging;
mod world;

pub use paging::simulate_paging;
