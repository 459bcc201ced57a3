//! The program as its users run it.

mod crash;
mod process;
mod story;
mod words;
