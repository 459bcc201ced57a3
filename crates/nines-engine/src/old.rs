//! Alerts as journals kept them before there were groups: turned into facts of the table while they are folded.

use jiff::Timestamp;
use nines_alert::dispatch::{self, Body, Detail, Event, Observed, Seen, Shared, Source, Span};
use nines_alert::{AlertKey, Fact};
use nines_base::Labels;

use crate::{NO_DATA_ALERT, POLICY_ALERT, SLO_ALERT};

/// What an old fact says in today's words. Groups come with the next configuration.
pub(crate) fn observed(
    state: &dispatch::State,
    key: AlertKey,
    fact: &Fact,
    at: Timestamp,
) -> dispatch::Fact {
    let known = state.alert(key);
    let (source, event) = match fact {
        Fact::Fired { labels, annotations, evidence, gist } => {
            let detail = Detail {
                evidence: evidence.clone(),
                gist: gist.clone(),
                escalation: None,
                wakes: labels.value("severity") == "page",
                impact_start: at,
            };
            let (generator_url, detail) = (Box::default(), Some(Box::new(detail)));
            let body = Shared::new(Body { annotations: annotations.into(), generator_url, detail });
            let span = Span { starts_at: at, ends_at: None, is_timeout: false };
            let (labels, groups) = (labels.clone(), Vec::new());
            (source_of(&labels), Event::Fired { labels, body, span, groups })
        }
        Fact::Changed { annotations, evidence, gist } => {
            let mut body = known.map(|it| Body::clone(&it.body)).unwrap_or_default();
            body.annotations = annotations.into();
            if let Some(detail) = &mut body.detail {
                detail.evidence.clone_from(evidence);
                detail.gist.clone_from(gist);
            }
            let span = known.map(dispatch::Alert::span);
            let unknown = Span { starts_at: at, ends_at: None, is_timeout: false };
            let (body, span) = (Shared::new(body), span.unwrap_or(unknown));
            (Source::Own, Event::Changed { body, span })
        }
        Fact::Resolved { reason } => {
            (Source::Own, Event::Resolved { ends_at: at, reason: *reason, body: None })
        }
    };
    let alerts = vec![Seen { key, event }];
    dispatch::Fact::Observed(Observed { source, opened: Vec::new(), alerts })
}

fn source_of(labels: &Labels) -> Source {
    match labels.value("alertname") {
        SLO_ALERT | NO_DATA_ALERT => Source::Burns,
        POLICY_ALERT => Source::Policies,
        _ => Source::Rules,
    }
}
