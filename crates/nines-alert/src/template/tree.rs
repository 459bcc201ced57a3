//! The tree of a parsed template.

use super::Value;

/// What stands between two control words.
pub(super) type Block = Vec<Node>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// Prints its value unless it sets a variable.
    Output(Pipeline),
    If {
        condition: Pipeline,
        then: Block,
        otherwise: Block,
    },
    With {
        value: Pipeline,
        then: Block,
        otherwise: Block,
    },
    Range {
        over: Pipeline,
        body: Block,
        otherwise: Block,
    },
    Template {
        at: usize,
        name: String,
        data: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// `$a, $b := first | second`
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    pub(super) bind: Bind,
    pub(super) commands: Vec<Command>,
}

/// What becomes of a pipeline's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bind {
    Nothing,
    /// `:=`; two names only in `range`.
    Declare(Vec<String>),
    /// `=`
    Assign(Vec<String>),
}

/// A value, or a function with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    pub(super) operands: Vec<Operand>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) base: Base,
    /// What is taken from it: `.Labels.job`.
    pub(super) fields: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    Dot,
    /// Without its `$`; empty for `$` itself.
    Variable(String),
    Function(String),
    Constant(Value),
    Group(Box<Pipeline>),
}

/// The names of all templates that a block calls, with the places.
pub(super) fn calls<'t>(block: &'t Block, out: &mut Vec<(usize, &'t str)>) {
    for node in block {
        match node {
            Node::Template { at, name, .. } => out.push((*at, name)),
            Node::If { then, otherwise, .. } | Node::With { then, otherwise, .. } => {
                calls(then, out);
                calls(otherwise, out);
            }
            Node::Range { body, otherwise, .. } => {
                calls(body, out);
                calls(otherwise, out);
            }
            Node::Text(_) | Node::Output(_) | Node::Break | Node::Continue => {}
        }
    }
}
