//! Addresses of pages that show an expression.
//!
//! Source: Prometheus, paths of its expression browser.

use crate::template::url_query;

/// The path of a graph of the expression.
pub fn graph_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=0", url_query(expression))
}

/// The path of a table of the expression.
pub fn table_link(expression: &str) -> String {
    format!("/graph?g0.expr={}&g0.tab=1", url_query(expression))
}
