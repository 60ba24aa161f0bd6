//! Files that are opened and not closed.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{Ranged as _, TextRange};

use super::super::facts::callee::dotted;
use super::super::facts::own::{self, Own};
use super::{Look, MAX_SUBJECT, Problem, Rule, Severity};

/// What opens a file.
const OPENS: [&str; 9] = [
    "open",
    "io.open",
    "pathlib.Path.open",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "codecs.open",
    "tarfile.open",
    "os.fdopen",
];

/// What reads or writes a file it is given, and leaves it open.
const USES: [&str; 15] = [
    "json.load",
    "json.dump",
    "pickle.load",
    "pickle.dump",
    "tomllib.load",
    "yaml.load",
    "yaml.safe_load",
    "csv.reader",
    "csv.DictReader",
    "csv.writer",
    "csv.DictWriter",
    "list",
    "enumerate",
    "sorted",
    "print",
];

pub(super) fn problems(look: &Look<'_, '_>) -> Vec<Problem> {
    let uses = Uses::of(look);
    let mut found = Vec::new();
    for (call, context) in &uses.opened {
        let is_left_open = match context {
            Context::Left => true,
            Context::Named(name) => !uses.closed.contains(name) && !uses.given_away.contains(name),
            Context::Elsewhere => false,
        };
        if is_left_open {
            let subject = look.source.brief(*call, MAX_SUBJECT);
            let line = look.source.line_of(*call);
            found.push(look.problem(Rule::UnclosedFile, Severity::Warning, line, &subject));
        }
    }
    found
}

/// What becomes of a file as it is opened.
#[derive(Clone, Copy)]
enum Context<'a> {
    /// It is read, and nobody can close it afterwards.
    Left,
    /// It gets a name.
    Named(&'a str),
    /// It is closed by a `with`, or somebody else has it.
    Elsewhere,
}

struct Uses<'a> {
    opened: Vec<(&'a Expr, Context<'a>)>,
    /// Names that are closed, or opened by a `with`.
    closed: HashSet<&'a str>,
    /// Names that are returned, kept, or given to somebody who may close them.
    given_away: HashSet<&'a str>,
}

impl<'a> Uses<'a> {
    fn of(look: &Look<'_, 'a>) -> Uses<'a> {
        let mut uses = Uses {
            opened: Vec::new(),
            closed: HashSet::new(),
            given_away: HashSet::new(),
        };
        // What stands around an expression, as far as it matters.
        let mut contexts: HashMap<TextRange, Context<'a>> = HashMap::new();
        // Names that are used in a way that keeps them open.
        let mut harmless: HashSet<TextRange> = HashSet::new();
        own::visit(&look.def.body, &mut |part| match part {
            Own::Statement(Stmt::Assign(one)) => {
                if let [Expr::Name(name)] = &one.targets[..] {
                    contexts.insert(one.value.range(), Context::Named(name.id.as_str()));
                }
            }
            Own::Statement(Stmt::AnnAssign(one)) => {
                if let (Expr::Name(name), Some(value)) = (&*one.target, &one.value) {
                    contexts.insert(value.range(), Context::Named(name.id.as_str()));
                }
            }
            Own::Statement(Stmt::With(one)) => {
                for item in &one.items {
                    if let Expr::Name(name) = &item.context_expr {
                        uses.closed.insert(name.id.as_str());
                    }
                }
            }
            Own::Statement(Stmt::For(one)) => {
                contexts.insert(one.iter.range(), Context::Left);
                harmless.insert(one.iter.range());
            }
            Own::Statement(Stmt::Expr(one)) => {
                contexts.insert(one.value.range(), Context::Left);
            }
            Own::Expression(Expr::Attribute(one)) => {
                contexts.insert(one.value.range(), Context::Left);
                harmless.insert(one.value.range());
                if let (Expr::Name(name), "close" | "__exit__") = (&*one.value, one.attr.as_str()) {
                    uses.closed.insert(name.id.as_str());
                }
            }
            Own::Expression(whole @ Expr::Call(call)) => {
                let name = full_name(look, &call.func);
                if USES.contains(&name.as_str()) {
                    let keywords = call.arguments.keywords.iter().map(|one| &one.value);
                    for argument in call.arguments.args.iter().chain(keywords) {
                        contexts.insert(argument.range(), Context::Left);
                        harmless.insert(argument.range());
                    }
                }
                if OPENS.contains(&name.as_str()) {
                    let context = contexts.get(&call.range()).copied();
                    uses.opened
                        .push((whole, context.unwrap_or(Context::Elsewhere)));
                }
            }
            Own::Expression(Expr::Name(name))
                if name.ctx.is_load() && !harmless.contains(&name.range()) =>
            {
                uses.given_away.insert(name.id.as_str());
            }
            _ => {}
        });
        uses
    }
}

fn full_name(look: &Look<'_, '_>, callee: &Expr) -> String {
    match look.names.resolve(callee).1 {
        Some(place) if place.line.is_none() => place.name,
        // A function of the project that is called `open` is another.
        Some(_) => String::new(),
        None => match dotted(callee) {
            name if name == "open" => String::new(),
            name => name,
        },
    }
}
