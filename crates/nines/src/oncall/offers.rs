//! `nines oncall swap`: offer, take, confirm.

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use super::{changed, withdraw};
use crate::client::{Client, segment};
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Offer your own time on call
    Offer {
        /// Which schedule
        schedule: String,
        /// From then on
        #[arg(long, value_name = "TIME")]
        from: Timestamp,
        /// Until then
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
        /// Who is asked; else everybody
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Whose time it is; else the demo's person, else your user name
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Take what is offered, maybe for a time of your own
    Take {
        /// Such as O-12
        offer: String,
        /// The beginning of your own time that the other takes
        #[arg(long, value_name = "TIME", requires = "give_until")]
        give_from: Option<Timestamp>,
        /// Its end
        #[arg(long, value_name = "TIME", requires = "give_from")]
        give_until: Option<Timestamp>,
        /// Who takes it; else the demo's person, else your user name
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Agree with whoever has taken your offer; then it holds
    Confirm {
        /// Such as O-12
        offer: String,
        /// Who agrees; else the demo's person, else your user name
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// Withdraw an offer
    Withdraw {
        /// Such as O-12
        offer: String,
        /// Who asks; else the demo's person, else your user name
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

pub(super) fn run(verb: &Verb, client: &Client) -> anyhow::Result<Exit> {
    match verb {
        Verb::Offer { schedule, from, until, to, reason, by } => {
            let body = json!({
                "schedule": schedule,
                "from": from.to_string(),
                "until": until.to_string(),
                "to": to,
                "reason": reason,
                "by": client.by(by.as_deref()),
            });
            changed(client, "/swaps", &body)
        }
        Verb::Take { offer, give_from, give_until, by } => {
            let body = json!({
                "by": client.by(by.as_deref()),
                "give_from": give_from.map(|it| it.to_string()),
                "give_until": give_until.map(|it| it.to_string()),
            });
            changed(client, &format!("/swaps/{}/take", segment(offer)), &body)
        }
        Verb::Confirm { offer, by } => {
            let body = json!({ "by": client.by(by.as_deref()) });
            changed(client, &format!("/swaps/{}/confirm", segment(offer)), &body)
        }
        Verb::Withdraw { offer, by } => withdraw(client, offer, &client.by(by.as_deref())),
    }
}
