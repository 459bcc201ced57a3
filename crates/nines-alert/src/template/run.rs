//! Running a template under limits.

use super::tree::{Base, Bind, Command, Node, Operand, Pipeline};
use super::{
    Escape, Functions, Library, OUTPUT_BYTES_MAX, Template, TemplateError, Value, builtin,
};

/// Nodes that are run, all together: templates that call themselves twice would else never end.
const STEPS_MAX: usize = 500_000;
/// Turns of all loops together.
const TURNS_MAX: usize = 10_000;
/// How deep templates may call each other.
const CALLS_MAX: usize = 50;

type Result<T> = std::result::Result<T, TemplateError>;

pub(super) fn run(
    template: &Template,
    data: &Value,
    variables: &[(&str, Value)],
    functions: &dyn Functions,
    library: &Library,
    escape: Escape,
) -> Result<String> {
    let mut scope = vec![(String::new(), data.clone())];
    scope.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut run = Run {
        template,
        functions,
        library,
        escape,
        scope,
        out: String::new(),
        steps: 0,
        turns: 0,
        calls: 0,
    };
    run.block(&template.body, data)?;
    Ok(run.out)
}

struct Run<'a> {
    template: &'a Template,
    functions: &'a dyn Functions,
    library: &'a Library,
    escape: Escape,
    /// The last of a name counts; the empty name is `$`.
    scope: Vec<(String, Value)>,
    out: String,
    steps: usize,
    turns: usize,
    calls: usize,
}

/// Where it goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'a> Run<'a> {
    fn block(&mut self, nodes: &'a [Node], dot: &Value) -> Result<Flow> {
        let declared = self.scope.len();
        for node in nodes {
            self.steps += 1;
            if STEPS_MAX < self.steps {
                let message = format!("it takes more than {STEPS_MAX} steps");
                return Err(TemplateError::new(0, message));
            }
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                self.scope.truncate(declared);
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// A block with a scope of its own.
    fn inner(&mut self, nodes: &'a [Node], dot: &Value, declared: usize) -> Result<Flow> {
        let flow = self.block(nodes, dot)?;
        self.scope.truncate(declared);
        Ok(flow)
    }

    fn node(&mut self, node: &'a Node, dot: &Value) -> Result<Flow> {
        let declared = self.scope.len();
        match node {
            Node::Text(text) => self.write(text, 0)?,
            Node::Output(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.bind == Bind::Nothing {
                    let at = place(pipeline);
                    match (&value, self.escape) {
                        // What is missing is not told at all in HTML, as in Go.
                        (Value::Nil, Escape::Html) => {}
                        (Value::Nil, Escape::Nothing) => self.write("<no value>", at)?,
                        (Value::Markup(it), _) => self.write(it, at)?,
                        (value, Escape::Nothing) => self.write(&value.to_string(), at)?,
                        (value, Escape::Html) => {
                            self.write(&builtin::html(&value.to_string()), at)?;
                        }
                    }
                }
            }
            Node::If { condition, then, otherwise } => {
                let holds = self.pipeline(condition, dot)?.is_true();
                return self.inner(if holds { then } else { otherwise }, dot, declared);
            }
            Node::With { value, then, otherwise } => {
                let value = self.pipeline(value, dot)?;
                return if value.is_true() {
                    self.inner(then, &value, declared)
                } else {
                    self.inner(otherwise, dot, declared)
                };
            }
            Node::Range { over, body, otherwise } => {
                return self.range(over, body, otherwise, dot);
            }
            Node::Template { at, name, data } => self.template(*at, name, data.as_ref(), dot)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, text: &str, at: usize) -> Result<()> {
        if OUTPUT_BYTES_MAX < self.out.len() + text.len() {
            let message = format!("the result has more than {OUTPUT_BYTES_MAX} bytes");
            return Err(TemplateError::new(at, message));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn range(
        &mut self,
        over: &'a Pipeline,
        body: &'a [Node],
        otherwise: &'a [Node],
        dot: &Value,
    ) -> Result<Flow> {
        let declared = self.scope.len();
        let names: &[String] = match &over.bind {
            Bind::Nothing => &[],
            Bind::Declare(names) | Bind::Assign(names) => names,
        };
        let value = self.commands(over, dot)?;
        let items: Vec<(Value, Value)> = match &value {
            Value::List(items) => {
                let index = |it| Value::Int(i64::try_from(it).unwrap_or(i64::MAX));
                items.iter().enumerate().map(|(at, it)| (index(at), it.clone())).collect()
            }
            Value::Map(map) => {
                let entries = map.entries.iter();
                entries.map(|(key, it)| (Value::from(key.as_str()), it.clone())).collect()
            }
            Value::Int(count) => {
                let count = (*count).clamp(0, i64::try_from(TURNS_MAX).unwrap_or(i64::MAX) + 1);
                (0..count).map(|it| (Value::Int(it), Value::Int(it))).collect()
            }
            Value::Nil => Vec::new(),
            other => {
                let message = format!("range can't iterate over {}", other.type_name());
                return Err(TemplateError::new(place(over), message));
            }
        };
        if items.is_empty() {
            return self.inner(otherwise, dot, declared);
        }
        for (key, item) in items {
            self.turns += 1;
            if TURNS_MAX < self.turns {
                let message = format!("loops have more than {TURNS_MAX} turns");
                return Err(TemplateError::new(place(over), message));
            }
            let values = match names {
                [_] => vec![item.clone()],
                _ => vec![key, item.clone()],
            };
            for (name, value) in names.iter().zip(values) {
                self.set(&over.bind, name, value, place(over))?;
            }
            let flow = self.inner(body, &item, declared)?;
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn template(
        &mut self,
        at: usize,
        name: &str,
        data: Option<&'a Pipeline>,
        dot: &Value,
    ) -> Result<()> {
        let own = self.template.named.get(name);
        let Some(body) = own.or_else(|| self.library.named.get(name)) else {
            return Err(TemplateError::new(at, format!("template {name:?} not defined")));
        };
        let is_own = own.is_some();
        if self.calls == CALLS_MAX {
            let message = format!("templates call each other more than {CALLS_MAX} deep");
            return Err(TemplateError::new(at, message));
        }
        let data = data.map(|it| self.pipeline(it, dot)).transpose()?.unwrap_or(Value::Nil);
        let scope = std::mem::replace(&mut self.scope, vec![(String::new(), data.clone())]);
        self.calls += 1;
        let done = self.block(body, &data);
        if let Err(error) = done {
            // A place in another file says nothing here: the call is the place.
            if is_own {
                return Err(error);
            }
            return Err(TemplateError::new(at, format!("in {name:?}: {}", error.message)));
        }
        self.calls -= 1;
        self.scope = scope;
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, dot: &Value) -> Result<Value> {
        let value = self.commands(pipeline, dot)?;
        match &pipeline.bind {
            Bind::Nothing => {}
            Bind::Declare(names) | Bind::Assign(names) => {
                for name in names {
                    self.set(&pipeline.bind, name, value.clone(), place(pipeline))?;
                }
            }
        }
        Ok(value)
    }

    /// A declaration hides an older variable of this name, an assignment changes it.
    fn set(&mut self, bind: &Bind, name: &str, value: Value, at: usize) -> Result<()> {
        if matches!(bind, Bind::Declare(_)) {
            self.scope.push((name.to_owned(), value));
            return Ok(());
        }
        let known = self.scope.iter_mut().rev().find(|(it, _)| it == name);
        let Some(known) = known else {
            return Err(TemplateError::new(at, format!("undefined variable \"${name}\"")));
        };
        known.1 = value;
        Ok(())
    }

    fn commands(&mut self, pipeline: &'a Pipeline, dot: &Value) -> Result<Value> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or(Value::Nil))
    }

    /// `piped` becomes the last argument.
    fn command(
        &mut self,
        command: &'a Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Value::Nil) };
        match &first.base {
            Base::Function(name) if first.fields.is_empty() => {
                self.call(first.at, name, rest, dot, piped)
            }
            _ if rest.is_empty() && piped.is_none() => self.operand(first, dot),
            _ => match first.fields.split_last() {
                Some((name, path)) => self.method(first, path, name, rest, dot, piped),
                None => {
                    let at = rest.first().map_or(first.at, |it| it.at);
                    let message = "only a function takes arguments; is a `|` or a bracket missing?";
                    Err(TemplateError::new(at, message))
                }
            },
        }
    }

    /// `.CommonLabels.Remove list`: the last name is the method of what the others lead to.
    fn method(
        &mut self,
        first: &'a Operand,
        path: &'a [String],
        name: &str,
        operands: &'a [Operand],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let base = self.base(first, dot)?;
        let of = self.fields(first.at, base, path)?;
        let mut args = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            args.push(self.operand(operand, dot)?);
        }
        args.extend(piped);
        let called = self.functions.method(&of, name, &args).or_else(|| of.method(name, &args));
        let fail = |it: String| TemplateError::new(first.at, it);
        match called {
            Some(result) => result.map_err(|it| fail(format!("error calling {name}: {it}"))),
            None => Err(fail(format!(
                "{name} has arguments but cannot be invoked as function on type {}",
                of.type_name()
            ))),
        }
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Value) -> Result<Value> {
        let base = self.base(operand, dot)?;
        self.fields(operand.at, base, &operand.fields)
    }

    /// Methods without arguments come before fields.
    fn fields(&mut self, at: usize, mut value: Value, path: &[String]) -> Result<Value> {
        for name in path {
            let called = self.functions.method(&value, name, &[]);
            let called = called.or_else(|| value.method(name, &[]));
            let result = called.unwrap_or_else(|| value.field(name));
            value = result.map_err(|it| TemplateError::new(at, it))?;
        }
        Ok(value)
    }

    fn base(&mut self, operand: &'a Operand, dot: &Value) -> Result<Value> {
        Ok(match &operand.base {
            Base::Dot => dot.clone(),
            Base::Variable(name) => {
                let known = self.scope.iter().rev().find(|(it, _)| it == name);
                known.map_or(Value::Nil, |(_, value)| value.clone())
            }
            Base::Function(name) => self.call(operand.at, name, &[], dot, None)?,
            Base::Constant(value) => value.clone(),
            Base::Group(pipeline) => self.pipeline(pipeline, dot)?,
        })
    }

    fn call(
        &mut self,
        at: usize,
        name: &str,
        operands: &'a [Operand],
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value> {
        let mut args = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            let value = self.operand(operand, dot)?;
            // `and` and `or` stop at the first argument that decides.
            let decides = match name {
                "and" => !value.is_true(),
                "or" => value.is_true(),
                _ => false,
            };
            if decides {
                return Ok(value);
            }
            args.push(value);
        }
        args.extend(piped);
        let result = if builtin::is_builtin(name) {
            let args: Vec<Value> = args.into_iter().map(Value::plain).collect();
            builtin::call(name, &args).unwrap_or(Ok(Value::Nil))
        } else {
            self.functions.call(name, &args)
        };
        let failed = |it| TemplateError::new(at, format!("error calling {name}: {it}"));
        match result {
            // Else a loop that feeds a text to itself grows without end.
            Ok(Value::Text(text)) if OUTPUT_BYTES_MAX < text.len() => {
                Err(failed(format!("a text has at most {OUTPUT_BYTES_MAX} bytes")))
            }
            result => result.map_err(failed),
        }
    }
}

fn place(pipeline: &Pipeline) -> usize {
    let first = pipeline.commands.first().and_then(|it| it.operands.first());
    first.map_or(0, |it| it.at)
}
