//! Every mistake that a configuration can contain: its code, its words, and what to do about it.
//!
//! Codes never change their meaning. A new mistake needs a variant here, a page in `pages.md` and a golden
//! case in `tests/it/cases`. Messages say what is wrong, labels what happens because of it.

use miette::Diagnostic;

use crate::finding::Span;

/// What is wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Mistake {
    // N00xx: files and syntax.
    #[error("invalid YAML: {problem}")]
    #[diagnostic(code(N0001), help("the rest of this document was not read"))]
    Syntax {
        problem: String,
        #[label("here")]
        at: Span,
    },
    #[error("the file has {bytes} bytes, at most {limit} are read")]
    #[diagnostic(code(N0002), help("split it; several files are read as one configuration"))]
    FileTooLarge { bytes: u64, limit: usize },
    #[error("the folder has more than {limit} files")]
    #[diagnostic(
        code(N0003),
        help("this file and all after it were left out; move what is not configuration elsewhere")
    )]
    TooManyFiles { limit: usize },
    #[error("the file is not UTF-8")]
    #[diagnostic(code(N0004), help("save it as UTF-8"))]
    NotUtf8 {
        #[label("the first byte that is not text")]
        at: Span,
    },
    #[error("the document is too large: {problem}")]
    #[diagnostic(code(N0005), help("use fewer aliases and less nesting, or split it at `---`"))]
    TooComplex {
        problem: String,
        #[label("here")]
        at: Span,
    },
    #[error("more than {limit} findings; the rest is not shown")]
    #[diagnostic(code(N0006), help("mend the first ones and check again"))]
    TooManyFindings { limit: usize },

    // N01xx: structure and references.
    #[error("unknown kind `{kind}`")]
    #[diagnostic(code(N0101), help("kinds are {known}"))]
    UnknownKind {
        kind: String,
        known: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("unknown field `{field}` in {owner}")]
    #[diagnostic(code(N0102), help("fields are {known}"))]
    UnknownField {
        field: String,
        owner: &'static str,
        known: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("{owner} needs `{field}`")]
    #[diagnostic(code(N0103), help("add `{example}`"))]
    MissingField {
        owner: &'static str,
        field: &'static str,
        example: &'static str,
        #[label("`{field}` is missing here")]
        at: Span,
    },
    #[error("{what} is {expected}, not {found}")]
    #[diagnostic(code(N0104), help("{help}"))]
    WrongType {
        what: String,
        expected: &'static str,
        found: &'static str,
        help: &'static str,
        #[label("{found}")]
        at: Span,
    },
    #[error("`{key}` is given twice")]
    #[diagnostic(code(N0105), help("keep one of them; the other is in line {first_line}"))]
    DuplicateKey {
        key: String,
        first_line: u32,
        #[label("this one is not used")]
        at: Span,
    },
    #[error("{noun} `{name}` is defined twice")]
    #[diagnostic(code(N0106), help("rename one of them; the other is in {first}"))]
    DuplicateName {
        noun: &'static str,
        name: String,
        first: String,
        #[label("this one is not used")]
        at: Span,
    },
    #[error("`{name}` is not a name")]
    #[diagnostic(code(N0107), help("a name is {rule}"))]
    BadName {
        name: String,
        rule: &'static str,
        #[label("here")]
        at: Span,
    },
    #[error("`{text}` is not a duration")]
    #[diagnostic(
        code(N0108),
        help("write whole numbers with units in falling order, e.g. `30s`, `1h30m`, `28d`")
    )]
    BadDuration {
        text: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("{owner} has both `{one}` and `{other}`")]
    #[diagnostic(code(N0109), help("keep one of them"))]
    Conflict {
        owner: &'static str,
        one: &'static str,
        other: &'static str,
        #[label("cannot stand beside `{one}`")]
        at: Span,
    },
    #[error("service `{name}` is not defined")]
    #[diagnostic(code(N0110), help("{help}"))]
    UndefinedService {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("{what} cannot be `{word}`")]
    #[diagnostic(code(N0111), help("it is one of {known}"))]
    UnknownWord {
        what: String,
        word: String,
        known: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("{what} is {range}")]
    #[diagnostic(code(N0112))]
    OutOfRange {
        what: String,
        range: String,
        #[label("out of range")]
        at: Span,
    },
    #[error("{what} has {range}, not {found}")]
    #[diagnostic(code(N0113))]
    BadLength {
        what: String,
        range: String,
        found: usize,
        #[label("here")]
        at: Span,
    },
    #[error("unknown apiVersion `{version}`")]
    #[diagnostic(
        code(N0114),
        help(
            "write `nines/v1`; `openslo/v1`, `openslo/v1alpha` and `openslo.com/v2alpha` are read too"
        )
    )]
    UnknownVersion {
        version: String,
        #[label("the document was not read")]
        at: Span,
    },
    #[error("{what} is ignored")]
    #[diagnostic(code(N0115), severity(Warning), help("{help}"))]
    Ignored {
        what: String,
        help: &'static str,
        #[label("has no effect")]
        at: Span,
    },
    #[error("{what} is not supported")]
    #[diagnostic(code(N0116), help("{help}"))]
    Unsupported {
        what: String,
        help: &'static str,
        #[label("cannot be evaluated")]
        at: Span,
    },
    #[error("`{name}` is not a label name")]
    #[diagnostic(code(N0117), help("letters, digits and `_`, not a digit first, not `__` first"))]
    BadLabelName {
        name: String,
        #[label("here")]
        at: Span,
    },
    #[error("`{text}` is not {expected}")]
    #[diagnostic(code(N0118), help("write it like `{example}`"))]
    BadAddress {
        text: String,
        expected: &'static str,
        example: &'static str,
        #[label("here")]
        at: Span,
    },

    #[error("{owner} needs one of {known}")]
    #[diagnostic(code(N0119), help("write one of them"))]
    NoneOf {
        owner: &'static str,
        known: String,
        #[label("none of them is here")]
        at: Span,
    },
    #[error("`{text}` is not {expected}")]
    #[diagnostic(code(N0120), help("write it like `{example}`"))]
    BadInstant {
        text: String,
        expected: &'static str,
        example: &'static str,
        #[label("nobody knows when")]
        at: Span,
    },

    // N02xx: SLOs.
    #[error("{problem}")]
    #[diagnostic(code(N0201), help("write the share of good events, e.g. `99.9%`"))]
    BadObjective {
        problem: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("a counter SLI has two of `good`, `bad` and `total`, not {found}")]
    #[diagnostic(code(N0202), help("the third follows from the two, so {advice}"))]
    TwoOfThree {
        found: &'static str,
        advice: &'static str,
        #[label("here")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0203), help("{help}"))]
    BadSelector {
        problem: String,
        help: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("a window lies between {min} and {max}")]
    #[diagnostic(
        code(N0204),
        help("`28d` is four whole weeks, so that every weekday weighs the same")
    )]
    BadWindow {
        min: String,
        max: String,
        #[label("here")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0205), help("{help}"))]
    BadHistogram {
        problem: String,
        help: &'static str,
        #[label("here")]
        at: Span,
    },
    #[error("this query does not count events")]
    #[diagnostic(
        code(N0206),
        help("budgets are counted from counters; give a selector, or `sum(rate(selector[...]))`")
    )]
    NotACounter {
        #[label("cannot be reduced to counters")]
        at: Span,
    },
    #[error("`{text}` is not a burn factor")]
    #[diagnostic(
        code(N0207),
        help("write a decimal with at most nine digits behind the point, e.g. `14.4`")
    )]
    BadFactor {
        text: String,
        #[label("here")]
        at: Span,
    },
    #[error("`{text}` is not a target: {problem}")]
    #[diagnostic(code(N0208), help("{help}"))]
    BadTarget {
        text: String,
        problem: &'static str,
        help: String,
        #[label("nobody knows when a slice is good")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0209), help("{help}"))]
    BadCalendar {
        problem: String,
        help: String,
        #[label("here")]
        at: Span,
    },
    #[error("invalid query: {problem}")]
    #[diagnostic(code(N0210), help("it is PromQL, with `$slice` for the length of a slice"))]
    BadQuery {
        problem: String,
        #[label("the SLI cannot be evaluated")]
        at: Span,
    },
    #[error("the range of {range} is longer than a slice of {slice}")]
    #[diagnostic(code(N0211), severity(Warning), help("write `$slice`, or a longer `width`"))]
    RangeBeyondSlice {
        range: String,
        slice: String,
        #[label("each sample is seen by several slices, so one fault lasts longer")]
        at: Span,
    },
    #[error("the range of {range} is not the slice of {slice}")]
    #[diagnostic(code(N0212), help("write `$slice`"))]
    EventsMiscounted {
        range: String,
        slice: String,
        #[label("events would be counted several times, or not at all")]
        at: Span,
    },
    #[error("a factor of {factor} is below 1")]
    #[diagnostic(code(N0213), help("use a factor above 1"))]
    FactorBelowOne {
        factor: String,
        #[label("alerts on a service that meets its objective")]
        at: Span,
    },
    #[error("a {severity} with factor {factor} can never fire at {objective}")]
    #[diagnostic(code(N0214), help("use `preset: none` with a ticket, or a higher objective"))]
    NeverFires {
        severity: String,
        factor: String,
        objective: String,
        worst: String,
        #[label("the burn of a total outage is only {worst}")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0215), help("{help}"))]
    BadPair {
        problem: String,
        help: String,
        #[label("here")]
        at: Span,
    },

    #[error("{problem}")]
    #[diagnostic(code(N0216), help("{help}"))]
    BadComposite {
        problem: String,
        help: String,
        #[label("here")]
        at: Span,
    },
    #[error("composite `{slo}` is made of itself")]
    #[diagnostic(code(N0217), help("the way round is {path}"))]
    CompositeCycle {
        slo: String,
        path: String,
        #[label("it would never have a value")]
        at: Span,
    },
    #[error("SLO `{name}` is not defined")]
    #[diagnostic(code(N0218), help("{help}"))]
    UndefinedSlo {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("no SLO matches `{pattern}`")]
    #[diagnostic(code(N0219), severity(Warning), help("{help}"))]
    PatternMatchesNothing {
        pattern: String,
        help: String,
        #[label("it changes no budget")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0220), help("{help}"))]
    BadHistory {
        problem: String,
        help: String,
        #[label("past events would lose the budget that they earned")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0221), help("{help}"))]
    BadMethod {
        problem: String,
        help: String,
        #[label("the budget cannot be counted like this")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0222), help("{help}"))]
    BadGrouping {
        problem: String,
        help: String,
        #[label("tells no groups apart")]
        at: Span,
    },
    #[error("an objective of 100% cannot have burn alerts")]
    #[diagnostic(
        code(N0223),
        help("write `alerting: none`, or an objective that permits a few failures")
    )]
    NothingToBurn {
        #[label("there is no budget that could burn: the first failure spends it")]
        at: Span,
    },
    #[error("a window of {window} is longer than the {retention} that samples are kept")]
    #[diagnostic(
        code(N0224),
        severity(Warning),
        help("use a shorter window, or a longer `retention` in the document of kind Metrics")
    )]
    LongerThanRetention {
        window: String,
        retention: String,
        #[label("a new SLO would not know all of its past")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0225), help("{help}"))]
    BadExclusion {
        problem: String,
        help: String,
        #[label("here")]
        at: Span,
    },
    #[error("{what} does not look at a slice")]
    #[diagnostic(
        code(N0226),
        severity(Warning),
        help("count increases, e.g. `sum(increase(http_requests_total[$slice]))`")
    )]
    NoSlice {
        what: String,
        #[label("has no range, so a counter would be taken as the events of a slice")]
        at: Span,
    },

    // N023x: SLOs against data.
    #[error("no series match this SLI: metric `{metric}` does not exist")]
    #[diagnostic(code(N0231), severity(Warning), help("{help}"))]
    NoSuchMetric {
        metric: String,
        help: String,
        #[label("0 series in the last 24 h")]
        at: Span,
    },
    #[error("no series match `{selector}`")]
    #[diagnostic(code(N0232), severity(Warning), help("{help}"))]
    MatchesNothing {
        selector: String,
        help: String,
        #[label("0 series in the last 24 h")]
        at: Span,
    },
    #[error("a part of the events is more than all of them: {good} of {total} in the last hour")]
    #[diagnostic(
        code(N0233),
        severity(Warning),
        help("both must count the same events; look at the conditions of each")
    )]
    GoodExceedsTotal {
        good: String,
        total: String,
        #[label("its budget cannot be believed")]
        at: Span,
    },
    #[error("{below} is no bound of the buckets of this histogram")]
    #[diagnostic(code(N0234), help("{help}"))]
    NoSuchBound {
        below: String,
        help: String,
        #[label("observations around it cannot be told apart")]
        at: Span,
    },
    #[error("counter `{metric}` does not count in whole numbers")]
    #[diagnostic(
        code(N0235),
        severity(Warning),
        help("write `scale: 3` beside `total` to keep three decimals")
    )]
    NotWhole {
        metric: String,
        #[label("its increases would be rounded")]
        at: Span,
    },
    #[error("there are {found} groups by {by}, and {limit} are kept")]
    #[diagnostic(
        code(N0236),
        severity(Warning),
        help("write a larger `limit`, or group by a label with fewer values")
    )]
    TooManyGroups {
        found: usize,
        limit: usize,
        by: String,
        #[label("the others are counted together as `~other`")]
        at: Span,
    },

    // N024x: unit tests.
    #[error("`{text}` is not a time of a test")]
    #[diagnostic(
        code(N0240),
        help(
            "write a time of the day such as `14:10`, `+10m` from the start, or `2026-06-10T14:10:00Z`"
        )
    )]
    BadTestTime {
        text: String,
        #[label("here")]
        at: Span,
    },
    #[error("`{text}` is not a rate")]
    #[diagnostic(code(N0241), help("write events per `s`, `min`, `h` or `d`, e.g. `300/min`"))]
    BadRate {
        text: String,
        #[label("here")]
        at: Span,
    },
    #[error("the test is over before this, or has not begun")]
    #[diagnostic(code(N0242), help("it runs from {from} to {to}; see `clock`"))]
    OutsideOfTest {
        from: String,
        to: String,
        #[label("never looked at")]
        at: Span,
    },
    #[error("the files of this test define no SLO `{name}`")]
    #[diagnostic(code(N0243), help("{help}"))]
    NoSuchSlo {
        name: String,
        help: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("an input is neither an SLO nor a series")]
    #[diagnostic(
        code(N0245),
        help("write `slo: checkout/availability` with its `total`, or one series with its values")
    )]
    BadTestInput {
        #[label("here")]
        at: Span,
    },
    #[error("`{path}` has nothing to read")]
    #[diagnostic(code(N0246), help("paths are relative to the test's own folder"))]
    NothingToUse {
        path: String,
        #[label("no file is here")]
        at: Span,
    },
    #[error("nothing is expected")]
    #[diagnostic(
        code(N0247),
        severity(Warning),
        help("add `alerts: []`, `pages: []`, or a list of budgets, states or decisions")
    )]
    NothingExpected {
        #[label("this always passes")]
        at: Span,
    },
    #[error("`{text}` is not a share of a budget")]
    #[diagnostic(
        code(N0248),
        help(
            "write a percentage with at most seven digits behind the point, e.g. `96.03%` or `-4.1%`"
        )
    )]
    BadRemaining {
        text: String,
        #[label("here")]
        at: Span,
    },

    // N03xx: routes.
    #[error("{problem}")]
    #[diagnostic(
        code(N0301),
        help(
            "write `team: shop` or a list such as `['team=\"shop\"', 'severity=~\"page|ticket\"']`"
        )
    )]
    BadMatcher {
        problem: String,
        #[label("here")]
        at: Span,
    },
    #[error("this route can never match")]
    #[diagnostic(
        code(N0302),
        severity(Warning),
        help("routes are tried in order; move {before} behind this one")
    )]
    ShadowedRoute {
        before: String,
        #[label("an earlier route takes every alert")]
        at: Span,
    },

    // N033x to N036x: routes, receivers, intervals and inhibition.
    #[error("this is a second configuration of Alertmanager")]
    #[diagnostic(
        code(N0330),
        help("one of them counts, the first is in {first}; put this one elsewhere")
    )]
    SecondAlertmanager {
        first: String,
        #[label("not used")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0331), help("{help}"))]
    BadRoot {
        problem: String,
        help: String,
        #[label("the root takes every alert that no other route takes")]
        at: Span,
    },
    #[error("receiver `{name}` is not defined")]
    #[diagnostic(code(N0332), help("{help}"))]
    UndefinedReceiver {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("time interval `{name}` is not defined")]
    #[diagnostic(code(N0333), help("{help}"))]
    UndefinedInterval {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0334),
        help(
            "list each label once, or write `['...']` alone, so that each alert is told by itself"
        )
    )]
    BadGroupBy {
        problem: String,
        #[label("nobody knows which alerts belong together")]
        at: Span,
    },
    #[error("`{field}` is nothing")]
    #[diagnostic(code(N0335), help("leave it out, or write a length such as `5m`"))]
    ZeroTime {
        field: &'static str,
        #[label("it would be told without a pause")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0336), help("{help}"))]
    BadInterval {
        problem: String,
        help: String,
        #[label("nobody knows when this is")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0337), help("{help}"))]
    BadIntegration {
        problem: String,
        help: String,
        #[label("nothing could be sent")]
        at: Span,
    },
    #[error("{what} cannot be used for sending yet")]
    #[diagnostic(code(N0338), help("{help}"))]
    CannotDeliver {
        what: String,
        help: &'static str,
        #[label("alerts would not arrive")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0339),
        help("texts of receivers are Go templates, e.g. `{{{{ .CommonLabels.alertname }}}}`")
    )]
    BadNoticeTemplate {
        problem: String,
        #[label("the text cannot be filled")]
        at: Span,
    },
    #[error("template `{name}` is not defined")]
    #[diagnostic(
        code(N0340),
        severity(Warning),
        help("add a file with `{{{{ define \"{name}\" }}}}` to `templates`")
    )]
    UndefinedTemplate {
        name: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0341), severity(Warning), help("{help}"))]
    ClassicMatcher {
        problem: String,
        help: String,
        #[label("the classic reading counts")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0342),
        help("write `severity=\"page\"` or `{{team=\"shop\",severity=~\"page|ticket\"}}`")
    )]
    BadMatcherText {
        problem: String,
        #[label("nobody knows which alerts are meant")]
        at: Span,
    },
    #[error("no file matches `{pattern}`")]
    #[diagnostic(
        code(N0343),
        severity(Warning),
        help("paths are relative to the file they are in")
    )]
    NoTemplateFile {
        pattern: String,
        #[label("no template comes from here")]
        at: Span,
    },

    #[error("this receiver has no integration")]
    #[diagnostic(
        code(N0344),
        help(
            "add one, e.g. `webhook_configs: [{{url: 'https://example.org/hook'}}]`, or `escalation`"
        )
    )]
    EmptyReceiver {
        #[label("whoever is routed here is told nothing")]
        at: Span,
    },
    #[error("a route to `{receiver}` reaches nobody")]
    #[diagnostic(code(N0345), help("name a receiver with an integration, or an escalation"))]
    RouteReachesNobody {
        receiver: String,
        #[label("this receiver has no integration")]
        at: Span,
    },
    #[error("receiver `{name}` falls back to itself")]
    #[diagnostic(code(N0346), help("the way round is {path}; end it somewhere"))]
    FallbackCycle {
        name: String,
        path: String,
        #[label("what fails would go round for ever")]
        at: Span,
    },
    #[error("there is no last resort")]
    #[diagnostic(
        code(N0347),
        severity(Warning),
        help("add `last_resort: {{escalation: NAME}}` to a document of kind Routing")
    )]
    NoLastResort {
        #[label("what cannot be delivered there would reach nobody")]
        at: Span,
    },
    #[error("{noun} `{name}` is not used")]
    #[diagnostic(code(N0348), severity(Warning), help("take it out, or name it in a route"))]
    Unused {
        noun: &'static str,
        name: String,
        #[label("no route names it")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0349),
        help("e.g. `while: {{alertname: DatacentreDown}}` and `mute: {{severity: page}}`")
    )]
    BadInhibition {
        problem: String,
        #[label("here")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0350),
        help("say which alerts, from when, to when; a rule is e.g. `FREQ=WEEKLY;BYDAY=SU`")
    )]
    BadSilence {
        problem: String,
        #[label("here")]
        at: Span,
    },
    #[error("`{field}` is a secret")]
    #[diagnostic(code(N0351), help("put it into a file, and write `{field}_file: PATH`"))]
    SecretInFile {
        field: &'static str,
        #[label("everybody who sees the file would know it")]
        at: Span,
    },

    // N04xx: on-call.
    #[error("escalation `{name}` is not defined")]
    #[diagnostic(code(N0401), help("{help}"))]
    UndefinedEscalation {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("schedule `{name}` is not defined")]
    #[diagnostic(code(N0402), help("{help}"))]
    UndefinedSchedule {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("person `{name}` is not defined")]
    #[diagnostic(code(N0403), help("{help}"))]
    UndefinedPerson {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("unknown time zone `{zone}`")]
    #[diagnostic(code(N0404), help("write an IANA name such as `Europe/Warsaw`, or `UTC`"))]
    UnknownZone {
        zone: String,
        label: String,
        #[label("{label}")]
        at: Span,
    },
    #[error("a page for `{slo}` reaches nobody")]
    #[diagnostic(code(N0405), help("{help}"))]
    ReachesNobody {
        slo: String,
        because: String,
        help: String,
        #[label("{because}")]
        at: Span,
    },
    #[error("`{text}` is not a date or a clock time")]
    #[diagnostic(
        code(N0406),
        help("write the first hand-off in clock time, e.g. `2026-01-05T09:00`")
    )]
    BadStart {
        text: String,
        #[label("here")]
        at: Span,
    },
    #[error("person `{person}` has no contact")]
    #[diagnostic(code(N0407), severity(Warning), help("add `contacts: [inbox: {{}}]`"))]
    NoContact {
        person: String,
        #[label("nothing can be sent to `{person}`")]
        at: Span,
    },
    #[error("a turn lasts whole hours, days, weeks or months, at most {weeks_max} weeks")]
    #[diagnostic(code(N0408), help("write `12h`, `1d`, `2w` or `1mo`"))]
    BadRotation {
        weeks_max: u32,
        #[label("here")]
        at: Span,
    },
    #[error("secret `{name}` is not defined")]
    #[diagnostic(code(N0409), help("{help}"))]
    UndefinedSecret {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("there is no mail server for this contact")]
    #[diagnostic(
        code(N0410),
        severity(Warning),
        help("add a document of kind `Notify` with `smtp`")
    )]
    NoMailServer {
        #[label("mail to this address will be refused")]
        at: Span,
    },
    #[error("two layers of one schedule are called `{name}`")]
    #[diagnostic(code(N0411), help("give each layer a name of its own"))]
    DuplicateLayer {
        name: String,
        #[label("an earlier layer has this name")]
        at: Span,
    },
    #[error("it ends before it begins")]
    #[diagnostic(code(N0412), help("write an `until` after `from`"))]
    EndsBeforeItBegins {
        #[label("nobody would ever be on call by it")]
        at: Span,
    },
    #[error("`{person}` stands twice in one turn")]
    #[diagnostic(
        code(N0413),
        severity(Warning),
        help(
            "people of one turn are on call together; for turns one after the other write `[ana, ben]` without inner brackets"
        )
    )]
    TwiceInTurn {
        person: String,
        #[label("once is enough")]
        at: Span,
    },
    #[error("every hand-off would be skipped")]
    #[diagnostic(
        code(N0414),
        help("`skip` is for turns of hours or days; leave at least one day of the week")
    )]
    SkipsEveryHandOff {
        #[label("the first turn would never end")]
        at: Span,
    },
    #[error("a member is a person, people, or a buffer")]
    #[diagnostic(code(N0415), help("write `buffer: true`, or leave this member out"))]
    EmptyBuffer {
        #[label("this says who is not a buffer, but not who is on call")]
        at: Span,
    },

    // N046x: channels.
    #[error("account `{name}` is not defined")]
    #[diagnostic(code(N0460), help("{help}"))]
    UndefinedAccount {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("account `{name}` is of {kind}, and the contact is of {wanted}")]
    #[diagnostic(code(N0461), help("name an account of {serving}"))]
    AccountOfOtherKind {
        name: String,
        kind: String,
        wanted: &'static str,
        serving: &'static str,
        #[label("messages could not be sent")]
        at: Span,
    },

    #[error("{problem}")]
    #[diagnostic(
        code(N0480),
        help("write `{field}: {}`", if *field == "cron" { "0 3 * * *" } else { "\"*-*-* 03:00\"" })
    )]
    BadClockTimes {
        field: &'static str,
        problem: String,
        #[label("nobody knows when a ping is expected")]
        at: Span,
    },

    #[error("team `{name}` is not defined")]
    #[diagnostic(code(N0440), help("{help}"))]
    UndefinedTeam {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("the person has no contact `{contact}`")]
    #[diagnostic(code(N0441), help("contacts are {known}"))]
    UnknownContact {
        contact: String,
        known: String,
        #[label("this rule would tell nobody")]
        at: Span,
    },

    // N05xx: runbooks.
    #[error("runbook `{name}` is not defined")]
    #[diagnostic(code(N0501), help("{help}"))]
    UndefinedRunbook {
        name: String,
        help: String,
        consequence: String,
        #[label("{consequence}")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0502), severity(Warning), help("{help}"))]
    RunbookStep {
        problem: String,
        help: String,
        #[label("here")]
        at: Span,
    },
    #[error("the front matter has no end")]
    #[diagnostic(code(N0503), help("close it with a line of three dashes"))]
    OpenFrontMatter {
        #[label("begins here")]
        at: Span,
    },

    // N06xx: policies and gates.
    #[error("`{text}` is not a share")]
    #[diagnostic(code(N0601), help("write a percentage from 0% to 100%, e.g. `10%`"))]
    BadShare {
        text: String,
        #[label("here")]
        at: Span,
    },

    #[error("{problem}")]
    #[diagnostic(code(N0602), help("{help}"))]
    BadCondition {
        problem: String,
        help: String,
        #[label("the policy cannot judge this")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0603), severity(Warning), help("{help}"))]
    DoubtfulPolicy {
        problem: String,
        help: &'static str,
        #[label("here")]
        at: Span,
    },

    // N07xx: rules of Prometheus.
    #[error("{problem}")]
    #[diagnostic(code(N0701), help("an expression is PromQL, e.g. `rate(errors_total[5m]) > 1`"))]
    BadExpression {
        problem: String,
        #[label("the rule cannot be evaluated")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0702),
        help("labels and annotations are Go templates, e.g. `{{{{ $labels.job }}}}`")
    )]
    BadTemplate {
        problem: String,
        #[label("the text cannot be filled")]
        at: Span,
    },
    #[error("rule `{name}` is there twice")]
    #[diagnostic(code(N0703), severity(Warning), help("take one out, or give them other labels"))]
    DuplicateRule {
        name: String,
        #[label("writes the same series as an earlier rule of the group")]
        at: Span,
    },
    #[error("`{name}` is not a metric name")]
    #[diagnostic(code(N0704), help("letters, digits, `_` and `:`, not a digit first"))]
    BadMetricName {
        name: String,
        #[label("here")]
        at: Span,
    },
    #[error("a recording rule has no `{field}`")]
    #[diagnostic(code(N0705), help("take it out, or write `alert` instead of `record`"))]
    OnlyForAlerts {
        field: &'static str,
        #[label("only alerts have it")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(
        code(N0706),
        help("a series is `name{{label=\"value\"}}`, its values are `1 2 _ stale 0+10x5`")
    )]
    BadSeries {
        problem: String,
        #[label("the test cannot be played")]
        at: Span,
    },
    #[error("no file matches `{pattern}`")]
    #[diagnostic(
        code(N0707),
        severity(Warning),
        help("paths are relative to the file they are in")
    )]
    NoRuleFile {
        pattern: String,
        #[label("no rule comes from here")]
        at: Span,
    },

    // N08xx: scraping.
    #[error("the expression cannot be compiled: {problem}")]
    #[diagnostic(
        code(N0801),
        help("it is matched against the whole text; a backslash needs quotes, e.g. `'10\\..*'`")
    )]
    BadRegex {
        problem: String,
        #[label("the rule is left out")]
        at: Span,
    },

    // N09xx: files of other tools.
    #[error("{what} is carried over only nearly")]
    #[diagnostic(code(N0901), severity(Warning), help("{how}"))]
    Approximated {
        what: String,
        how: String,
        #[label("not quite the same in nines")]
        at: Span,
    },
    #[error("{problem}")]
    #[diagnostic(code(N0902), help("{help}"))]
    BrokenRule {
        problem: String,
        help: String,
        #[label("the specification of the format forbids it")]
        at: Span,
    },
}
