//! Programs: the message as JSON on standard input; the exit code is the answer.
//!
//! 0 is accepted, 75 (`EX_TEMPFAIL` of sysexits) is temporary, others refuse. A program that was killed or took too
//! long may have done its work. Limits on time and output are those of the runner.

use jiff::SignedDuration;
use nines_port::{Delivery, StepEnd, StepRequest, StepRunner};

use super::{Order, refused};
use crate::webhook::body;

const TIMEOUT: SignedDuration = SignedDuration::from_secs(10);
/// `EX_TEMPFAIL`.
const TEMPORARY: i32 = 75;
/// Characters of what the program wrote that are kept.
const QUOTED_MAX: usize = 200;

pub(super) fn run(runner: &dyn StepRunner, order: &Order<'_>) -> Delivery {
    let command = match order.account.need("command") {
        Ok(command) => command,
        Err(reason) => return refused(reason),
    };
    let json = match body::json(order.message) {
        Ok(json) => String::from_utf8_lossy(&json).into_owned(),
        Err(error) => return refused(format!("the message cannot be written: {error}")),
    };
    let environment = [("NINES_MESSAGE", json.as_str()), ("NINES_TO", order.to)];
    let request = StepRequest {
        key: order.message.key.clone(),
        interpreter: "sh".to_owned(),
        script: format!("printf '%s' \"$NINES_MESSAGE\" | {command}"),
        environment: environment.map(|(name, it)| (name.to_owned(), it.to_owned())).into(),
        folder: order.account.setting("folder").unwrap_or("/").into(),
        timeout: TIMEOUT,
    };
    let outcome = runner.run(&request);
    let said = first_line(&outcome.stderr.text);
    match outcome.end {
        StepEnd::Exited { code: 0 } => {
            Delivery::Accepted { reference: first_line(&outcome.stdout.text) }
        }
        StepEnd::Exited { code: TEMPORARY } => {
            Delivery::Temporary { reason: format!("the program cannot now: {said}"), after: None }
        }
        StepEnd::Exited { code } => refused(format!("the program ended with {code}: {said}")),
        StepEnd::Failed { reason } => Delivery::Temporary {
            reason: format!("the program did not start: {reason}"),
            after: None,
        },
        StepEnd::Killed { signal } => {
            Delivery::Unknown { reason: format!("signal {signal} ended the program") }
        }
        StepEnd::TimedOut => Delivery::Unknown { reason: format!("no end after {TIMEOUT:#}") },
    }
}

fn first_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or("");
    line.chars().filter(|it| !it.is_control()).take(QUOTED_MAX).collect()
}
