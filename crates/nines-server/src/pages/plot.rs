//! Charts as SVG, each with its sentence and its table. The maths are in `chart`; this must not know what an
//! objective is.

use jiff::Timestamp;
use maud::{Markup, html};

use super::chart::{Axes, HEIGHT, Point, Tick, WIDTH};
use crate::text;

/// A stretch of time, or an instant, to be marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) from: Timestamp,
    /// The end of a stretch; an instant has none.
    pub(super) to: Option<Timestamp>,
    pub(super) text: String,
}

/// A chart: one line, an optional second one to compare with, marks, and a horizontal limit.
#[derive(Debug)]
pub(super) struct Plot<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What the chart shows, in a sentence.
    pub(super) sentence: String,
    pub(super) axes: Axes,
    pub(super) points: &'a [Point],
    pub(super) ideal: Option<[Point; 2]>,
    pub(super) limit: Option<f64>,
    pub(super) marks: &'a [Mark],
    /// Values that are named beside the axis, with their words.
    pub(super) ticks: Vec<(Tick, String)>,
    pub(super) table: Markup,
}

/// The chart with everything around it.
pub(super) fn plot(plot: &Plot<'_>) -> Markup {
    let Plot { id, title, sentence, axes, points, ideal, limit, marks, ticks, table } = plot;
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p { (sentence) }
            figure {
                div.plot {
                    svg.y aria-hidden="true" { @for it in ticks { (words(it)) } }
                    svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(sentence) {
                        @for (it, _) in ticks { line.tick x1="0" x2=(WIDTH) y1=(it.y) y2=(it.y) {} }
                        @for it in marks.iter() { (mark(axes, it)) }
                        @if axes.low < 0.0 { line.zero x1="0" x2=(WIDTH) y1=(axes.y(0.0)) y2=(axes.y(0.0)) {} }
                        @if let Some(ideal) = ideal { path.ideal d=(axes.path(ideal)) {} }
                        @if let Some(limit) = limit { line.limit x1="0" x2=(WIDTH) y1=(axes.y(*limit)) y2=(axes.y(*limit)) {} }
                        path.value d=(axes.path(points)) {}
                    }
                    div.x aria-hidden="true" { span { (text::clock(axes.from)) } span { (text::clock(axes.to)) } }
                }
                @if !marks.is_empty() { (legend(id, marks)) }
                details id={ (id) "-table" } { summary { "The same as a table" } (table) }
            }
        }
    }
}

/// Beside the axis, where nothing is stretched; at the ends inside of the box.
fn words((tick, text): &(Tick, String)) -> Markup {
    let shift = match tick.y {
        y if y < 5.0 => "0.8em",
        y if 95.0 < y => "-0.1em",
        _ => "0.3em",
    };
    html! { text x="100%" y={ (format!("{:.1}", tick.y)) "%" } dy=(shift) text-anchor="end" { (text) } }
}

fn mark(axes: &Axes, mark: &Mark) -> Markup {
    let x = axes.x(mark.from);
    html! {
        @match mark.to {
            Some(to) => { rect.incident x=(x) y="0" width={ (format!("{:.1}", (axes.x(to) - x).max(2.0))) } height=(HEIGHT) {} },
            None => { line.change x1=(x) x2=(x) y1="0" y2=(HEIGHT) {} },
        }
    }
}

fn legend(id: &str, marks: &[Mark]) -> Markup {
    html! {
        details id={ (id) "-marks" } {
            summary { "Marks (" (marks.len()) "): dashed lines are changes, bands are incidents" }
            ul {
                @for it in marks {
                    li { (text::clock(it.from)) " " @if it.to.is_some() { "■ " } @else { "▲ " } (it.text) }
                }
            }
        }
    }
}
