//! What a policy looks like.

use nines_release::{Basis, ChangeKind, Claim, Mode, OnDependency, OnOpenIncident, OnUnknown};

use crate::fields::LIST_MAX;
use crate::shape::{DURATION, Field, INSTANT, NAME, Pattern, SHARE, Shape, Type, words};

use super::{APPROVALS_MAX, OVERRIDES_MAX, PARTS_MAX};

pub(super) const MODES: [(&str, Mode); 2] = [("enforce", Mode::Enforce), ("shadow", Mode::Shadow)];
static MODE_WORDS: [&str; 2] = words(&MODES);
pub(super) const OPEN_INCIDENT: [(&str, OnOpenIncident); 2] =
    [("close", OnOpenIncident::Close), ("note", OnOpenIncident::Note)];
static OPEN_INCIDENT_WORDS: [&str; 2] = words(&OPEN_INCIDENT);
pub(super) const DEPENDENCIES: [(&str, OnDependency); 3] = [
    ("note", OnDependency::Note),
    ("freeze", OnDependency::Freeze),
    ("excuse", OnDependency::Excuse),
];
static DEPENDENCY_WORDS: [&str; 3] = words(&DEPENDENCIES);
pub(super) const BASES: [(&str, Basis); 2] = [("seen", Basis::Seen), ("whole", Basis::Whole)];
static BASIS_WORDS: [&str; 2] = words(&BASES);
static CHANGE_WORDS: [&str; ChangeKind::ALL.len()] = words(&ChangeKind::ALL);
static CLAIM_WORDS: [&str; Claim::ALL.len()] = words(&Claim::ALL);
static UNKNOWN_WORDS: [&str; OnUnknown::ALL.len()] = words(&OnUnknown::ALL);

const TEXTS: Type = Type::List { of: &Type::Text, min: 0, max: LIST_MAX };
const CLAIMS: Type = Type::AnyOf(&[
    Type::Word(&CLAIM_WORDS),
    Type::List { of: &Type::Word(&CLAIM_WORDS), min: 0, max: LIST_MAX },
]);
static CONDITION: Pattern =
    Pattern { noun: "a condition", regex: "\\S", example: "budget.remaining <= 10%" };

pub(crate) static SPEC: Shape = Shape::new(
    "Policy spec",
    &[
        Field::new(
            "mode",
            Type::Word(&MODE_WORDS),
            "Whether it decides, or only says what it would.",
        )
        .default("enforce"),
        Field::new("scope", Type::Map(&SCOPE), "What it rules; without it everything."),
        Field::new("budget", Type::Map(&BUDGET), "Which budgets count, and how."),
        Field::new(
            "levels",
            Type::List { of: &Type::Map(&LEVEL), min: 0, max: PARTS_MAX },
            "Levels that are entered at once and left only after a while, mildest first.",
        ),
        Field::new(
            "rules",
            Type::List { of: &Type::Map(&RULE), min: 0, max: PARTS_MAX },
            "What holds while a condition holds.",
        ),
        Field::new(
            "calendar",
            Type::List { of: &Type::Map(&FREEZE), min: 0, max: PARTS_MAX },
            "Days on which nothing changes.",
        ),
        Field::new(
            "open_incident",
            Type::Word(&OPEN_INCIDENT_WORDS),
            "What an open incident of the service does.",
        )
        .default("close"),
        Field::new(
            "dependencies",
            Type::Word(&DEPENDENCY_WORDS),
            "What it means when a budget was spent by a service that this one needs.",
        )
        .default("note"),
        Field::new("unknown", Type::Map(&UNKNOWN), "What each cause of not knowing means."),
        Field::new("overrides", Type::Map(&OVERRIDES), "Who may decide otherwise, and how often."),
    ],
);
pub(super) static SCOPE: Shape = Shape::new(
    "a scope",
    &[
        Field::new(
            "services",
            Type::AnyOf(&[
                Type::Text,
                Type::List { of: &Type::Like(&NAME), min: 0, max: LIST_MAX },
            ]),
            "Names of services, or a choice such as `tier=1,owner=shop`.",
        ),
        Field::new("env", Type::AnyOf(&[Type::Text, TEXTS]), "Environments, such as `prod`."),
        Field::new(
            "changes",
            Type::AnyOf(&[
                Type::Word(&CHANGE_WORDS),
                Type::List { of: &Type::Word(&CHANGE_WORDS), min: 0, max: LIST_MAX },
            ]),
            "Kinds of changes.",
        ),
    ],
);
pub(super) static BUDGET: Shape = Shape::new(
    "a budget",
    &[
        Field::new("objective", Type::Text, "Only of this objective; without it the worst of all."),
        Field::new("window", Type::Text, "Only over this window; without it the worst of all."),
        Field::new(
            "basis",
            Type::Word(&BASIS_WORDS),
            "Counted from the events so far, or for the whole window.",
        )
        .default("seen"),
        Field::new(
            "min_coverage",
            Type::Like(&SHARE),
            "The part of the window that must be known.",
        )
        .default("25%"),
    ],
);
pub(super) static LEVEL: Shape = Shape::new(
    "a level",
    &[
        Field::new("name", Type::Like(&NAME), "Unique in the policy.").needed("name: frozen"),
        Field::new("enter", Type::Like(&CONDITION), "Entered at once when it holds.")
            .needed("enter: budget.remaining <= 0%"),
        Field::new("leave", Type::Like(&CONDITION), "Left when it has held for `hold`.")
            .needed("leave: budget.remaining > 10%"),
        Field::new("hold", Type::Like(&DURATION), "How long `leave` must hold.").default("0s"),
        Field::new("effects", Type::Map(&EFFECTS), "What holds at this level.")
            .needed("effects: {freeze: true}"),
    ],
);
pub(super) static RULE: Shape = Shape::new(
    "a rule",
    &[
        Field::new("name", Type::Like(&NAME), "Unique in the policy.").default("its number"),
        Field::new("when", Type::Like(&CONDITION), "The condition.").needed("when: burn.page"),
        Field::new("then", Type::Map(&EFFECTS), "What holds while it does.")
            .needed("then: {hold: true}"),
    ],
);
pub(super) static EFFECTS: Shape = Shape::new(
    "effects",
    &[
        Field::new("max_step", Type::Like(&SHARE), "The largest step of a rollout."),
        Field::new("min_bake", Type::Like(&DURATION), "The shortest time between two steps."),
        Field::new("batch", Type::Like(&DURATION), "At most one change in so long."),
        Field::new(
            "approvals",
            Type::Whole { min: 0, max: APPROVALS_MAX as u64 },
            "How many people must agree.",
        )
        .default("0"),
        Field::new("hold", Type::Boolean, "Whether rollouts stay where they are.").default("false"),
        Field::new("freeze", Type::Boolean, "Whether nothing changes.").default("false"),
        Field::new("exempt", CLAIMS, "Changes that a freeze lets through."),
        Field::new("ticket", Type::Text, "Who gets a work item."),
        Field::new("notify", Type::Text, "Who is told."),
        Field::new(
            "scrape",
            Type::Like(&DURATION),
            "The service is scraped this often, at least 1s.",
        ),
        Field::new("postmortem", Type::Word(&["required"]), "Whether one must be written."),
        Field::new("action", Type::Text, "What people shall do."),
        Field::new("plan_item", Type::Text, "What goes into the next plan."),
    ],
);
pub(super) static FREEZE: Shape = Shape::new(
    "a freeze",
    &[
        Field::new("name", Type::Like(&NAME), "How people call it.").needed("name: black-friday"),
        Field::new("from", Type::Like(&INSTANT), "The beginning.").needed("from: 2026-11-27"),
        Field::new("until", Type::Like(&INSTANT), "The end.").needed("until: 2026-12-01"),
        Field::new("exempt", CLAIMS, "Changes that it lets through."),
    ],
);
pub(super) static UNKNOWN: Shape = Shape::new(
    "unknown",
    &[
        Field::new("no_data", Type::Word(&UNKNOWN_WORDS), "There are no samples.")
            .default("unknown"),
        Field::new("stale", Type::Word(&UNKNOWN_WORDS), "The latest sample is old.")
            .default("unknown"),
        Field::new("young", Type::Word(&UNKNOWN_WORDS), "Too little of the window is known.")
            .default("unknown"),
        Field::new("unreachable", Type::Word(&UNKNOWN_WORDS), "The source does not answer.")
            .default("unknown"),
    ],
);
pub(super) static OVERRIDES: Shape = Shape::new(
    "overrides",
    &[
        Field::new("per", Type::Word(&["quarter"]), "The period of the quota.").default("quarter"),
        Field::new(
            "team",
            Type::Whole { min: 0, max: OVERRIDES_MAX as u64 },
            "How many each team has in the period.",
        )
        .default("0"),
        Field::new("expires", Type::Like(&DURATION), "How long one lasts at most.").default("1d"),
        Field::new("approvers", TEXTS, "Roles that may grant one.")
            .needed("approvers: [release-managers]"),
        Field::new("higher", TEXTS, "Roles that may grant one beyond the quota."),
    ],
);
