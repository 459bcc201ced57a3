//! One service of the demo shop as a program of its own: `nines-demo-service NAME ARGS..`. For tests only.

use std::error::Error;

use nines_demo::{ServiceArgs, run_service};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().ok_or("usage: nines-demo-service NAME ARGS..")?;
    Ok(run_service(&name, ServiceArgs::parse(args)?)?)
}
