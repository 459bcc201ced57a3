//! The public face: golden cases of every mistake, the examples, and properties of any text.
//!
//! A case is `cases/NAME.yaml`, `cases/NAME.md` or a folder `cases/NAME`; `cases/NAME.txt` is what a terminal
//! shows. `UPDATE_EXPECT=1 cargo test -p nines-spec` rewrites the texts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod alertmanager;
mod examples;
mod golden;
mod import;
mod oncall;
mod openslo;
mod prometheus;
mod properties;
mod schema;
