//! Markdown to HTML. What the text contains as HTML is left out, and so are addresses that run script.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, format_html, parse_document};
use maud::{Markup, PreEscaped};

/// The text as HTML, with its headings one level lower: a page has its own first heading.
pub(super) fn render(markdown: &str) -> Markup {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    for node in root.descendants() {
        if let NodeValue::Heading(heading) = &mut node.data.borrow_mut().value {
            heading.level = (heading.level + 1).min(6);
        }
    }
    let mut out = String::new();
    format_html(root, &options, &mut out).expect("a String takes everything");
    // A wide table scrolls alone, also by keyboard. Only our own output has these words: text is escaped.
    let scrolling = r#"<div class="scroll" tabindex="0" role="region" aria-label="table"><table>"#;
    let out = out.replace("<table>", scrolling).replace("</table>", "</table></div>");
    PreEscaped(out)
}
