//! What the modules share: the words of a message in the lengths that providers take.

use nines_port::{Message, Urgency};

/// Firing, whom it may wake.
pub(super) const RED: &str = "#d0302f";
/// Firing, for the day.
const AMBER: &str = "#b7791f";
/// Over.
const GREEN: &str = "#2e9e4f";

/// The first line; says so when the message may be there already.
pub(super) fn headline(message: &Message, chars_max: usize) -> String {
    let mark = if message.possible_repeat { " (possible repeat)" } else { "" };
    let subject: String =
        message.subject.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    cut(&subject, chars_max.saturating_sub(mark.len())) + mark
}

/// At most so many characters; an ellipsis shows that there were more.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The text, and the link for those who see no button.
pub(super) fn text_with_link(message: &Message, chars_max: usize) -> String {
    let link =
        message.ack_url.as_deref().map_or_else(String::new, |it| format!("\nAcknowledge: {it}"));
    cut(message.text.trim_end(), chars_max.saturating_sub(link.chars().count())) + &link
}

pub(super) fn colour(message: &Message) -> &'static str {
    match (message.is_over, message.urgency) {
        (true, _) => GREEN,
        (false, Urgency::Page) => RED,
        (false, Urgency::Ticket) => AMBER,
    }
}

/// The token of the acknowledge link: proof enough to act.
pub(super) fn token(message: &Message) -> Option<&str> {
    Some(message.ack_url.as_deref()?.rsplit_once("/ack/")?.1)
}

/// The number that people can type: the page's own.
pub(super) fn code(message: &Message) -> Option<&str> {
    Some(token(message)?.split_once('-')?.0)
}

/// An address of ours, `/hooks/…`, on the same server as the acknowledge link.
pub(super) fn hook(message: &Message, path: &str) -> Option<String> {
    Some(format!("{}/hooks/{path}", message.ack_url.as_deref()?.rsplit_once("/ack/")?.0))
}

pub(super) fn escaped(text: &str) -> String {
    crate::mail::escaped(text)
}
