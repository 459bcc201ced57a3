//! `nines explain N0102`: cause, example and fix of each code.

/// All pages; each begins with a heading `# CODE: title`.
const PAGES: &str = include_str!("pages.md");

/// The page of a code such as `N0102`; upper or lower case.
pub fn explain(code: &str) -> Option<&'static str> {
    let wanted = code.to_ascii_uppercase();
    pages().find(|(it, _)| *it == wanted).map(|(_, page)| page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    pages().map(|(code, _)| code)
}

fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = PAGES.split("\n# ").skip(1);
    pages.filter_map(|page| Some((page.split_once(':')?.0, page.trim_end())))
}
