//! Why there are no data: what is looked for, what is there instead.

use maud::{Markup, html};
use nines_slo::Slo;

use crate::absence::{self, Missing};
use crate::app::Shared;
use crate::pages::parts;
use crate::slo_views::SloView;

/// What each selector finds.
pub(super) fn section(app: &Shared, view: &SloView, slo: &Slo) -> Markup {
    let missing = absence::explain(app, slo);
    html! {
        section aria-labelledby="silence" {
            h2 #silence { "Why there are no data" }
            p {
                @match view.last_sample {
                    Some(at) => { "The last sample came " (parts::at(at)) ", and none since." },
                    None => { "No sample of these series was ever seen." },
                }
            }
            ul { @for it in &missing { (line(it)) } }
            @if missing.is_empty() { (parts::empty("It reads no series of its own.")) }
        }
    }
}

fn line(missing: &Missing) -> Markup {
    html! {
        li {
            code { (missing.selector) } ": " (missing.words())
            @if !missing.near.is_empty() {
                "; near: " @for it in &missing.near { code { (it) } " " }
            }
        }
    }
}
