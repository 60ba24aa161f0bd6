//! The words around the facts: English and Chinese side by side, so that what one says the other
//! says too.

mod callers;
mod effects;
mod flow;
mod improvements;
mod problems;
mod purpose;
mod results;

use super::facts::{Facts, ParameterKind};
use super::part::Part;
use super::source::Lines;
use super::study::{Studied, Study};
use super::tongue::Tongue;

/// How a place in a file is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Links {
    /// Plain text, for a terminal.
    #[default]
    Plain,
    /// Markdown links to lines of the document with this URI: `file:///a.py#L3`.
    To {
        /// The document.
        uri: String,
        /// The project's folder as a URI, for places in other files; `None` where there is none.
        root: Option<String>,
    },
}

/// Says facts in a language.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    /// The language.
    pub tongue: &'a Tongue,
    /// How places are written.
    pub links: &'a Links,
}

/// The English or the Chinese of a sentence, whichever the teller speaks.
macro_rules! say {
    ($teller:expr, $english:literal, $chinese:literal $(, $($arguments:tt)*)?) => {
        if $teller.tongue.is_chinese() {
            format!($chinese $(, $($arguments)*)?)
        } else {
            format!($english $(, $($arguments)*)?)
        }
    };
}
pub(super) use say;

impl Teller<'_> {
    /// The title: what is explained, and its lines.
    pub fn title(&self, study: &Study) -> String {
        let lines = self.lines(study.lines);
        let name = code(study.name());
        match (&study.class, &study.functions[..]) {
            (Some(_), methods) => {
                let n = methods.len();
                let methods = if n == 1 { "method" } else { "methods" };
                say!(
                    self,
                    "class {name}, {n} {methods}, {lines}",
                    "类 {name}，{n} 个方法，{lines}"
                )
            }
            (None, [one]) => {
                let kind = self.kind(&one.facts);
                say!(self, "{kind} {name}, {lines}", "{kind} {name}，{lines}")
            }
            (None, several) => {
                let n = several.len();
                say!(self, "{n} functions, {lines}", "{n} 个函数，{lines}")
            }
        }
    }

    /// What Midfill itself says in a part, without its heading. Ends with a line break, unless
    /// empty.
    pub fn part(&self, part: Part, study: &Study) -> String {
        let mut told = String::new();
        let is_one = study.functions.len() == 1;
        for studied in &study.functions {
            let text = match part {
                Part::Purpose => purpose::tell(self, studied),
                Part::Flow => flow::tell(self, studied),
                Part::Improvements => improvements::tell(self, studied),
                Part::Problems => problems::tell(self, studied),
            };
            if text.is_empty() {
                continue;
            }
            if !is_one {
                if !told.is_empty() {
                    told.push('\n');
                }
                told.push_str(&self.subheading(studied));
            }
            told.push_str(&text);
        }
        if told.is_empty() && part == Part::Problems {
            told = say!(
                self,
                "No problem was found by Midfill's rules.\n",
                "Midfill 的规则未发现问题。\n"
            );
        }
        if told.is_empty() && part == Part::Improvements {
            told = say!(
                self,
                "Midfill's rules have nothing to better.\n",
                "Midfill 的规则没有改进建议。\n"
            );
        }
        told
    }

    /// A function in a few lines: its head, its first sentence, and what one should know before one
    /// calls it.
    pub fn summary(&self, facts: &Facts) -> String {
        let mut told = format!("```python\n{}\n```\n\n", head(facts));
        if let Some(docstring) = &facts.docstring {
            told.push_str(&format!("{}\n\n", plain(&docstring.summary)));
        }
        for item in purpose::to_know(self, facts) {
            told.push_str(&format!("- {item}\n"));
        }
        told
    }

    /// A docstring that a model guessed, marked as such.
    pub fn guess(&self, facts: &Facts, docstring: &str) -> String {
        let (name, docstring) = (code(&facts.signature.qualified_name), plain(docstring));
        say!(
            self,
            "**A guess** of the model, which read the code of {name} and may be wrong: {docstring}",
            "**模型的猜测**，仅根据 {name} 的代码，可能有误：{docstring}"
        )
    }

    /// What stands before a model's statements, to tell them from the facts.
    pub fn in_the_model_s_words(&self) -> String {
        say!(self, "*In the model's words:*", "*模型的说明：*")
    }

    /// Why the model's part is missing.
    pub fn without_model(&self, trouble: &str) -> String {
        say!(
            self,
            "*The model had no more to say: {trouble} All facts above hold.*",
            "*模型未能继续：{trouble} 以上事实依然成立。*"
        )
    }

    /// A heading for one function of several.
    fn subheading(&self, studied: &Studied) -> String {
        let facts = &studied.facts;
        let lines = self.lines(facts.lines);
        let name = code(&facts.signature.qualified_name);
        let title = say!(self, "{name}, {lines}", "{name}，{lines}");
        format!("### {title}\n\n")
    }

    /// `line 3`, as a link where there are links.
    pub fn line(&self, line: usize) -> String {
        let linked = self.link(line, &line.to_string());
        say!(self, "line {linked}", "第 {linked} 行")
    }

    /// `lines 3–5`, or `line 3` for one.
    pub fn lines(&self, lines: Lines) -> String {
        let Lines { first, last } = lines;
        if first == last {
            return self.line(first);
        }
        let (first, last) = (
            self.link(first, &first.to_string()),
            self.link(last, &last.to_string()),
        );
        say!(self, "lines {first}–{last}", "第 {first}–{last} 行")
    }

    /// A list of lines: `lines 3, 5 and 9`.
    pub fn several_lines(&self, lines: &[usize]) -> String {
        let mut lines = lines.to_vec();
        lines.dedup();
        match &lines[..] {
            [one] => self.line(*one),
            several => {
                let linked = several
                    .iter()
                    .map(|line| self.link(*line, &line.to_string()));
                let all = self.list(&linked.collect::<Vec<_>>());
                say!(self, "lines {all}", "第 {all} 行")
            }
        }
    }

    /// `text` as a link to a line of the document.
    pub fn link(&self, line: usize, text: &str) -> String {
        match self.links {
            Links::Plain => text.to_owned(),
            Links::To { uri, .. } => format!("[{text}]({uri}#L{line})"),
        }
    }

    /// A place in another file of the project.
    pub fn place(&self, path: &str, line: usize) -> String {
        let text = format!("{path}:{line}");
        match self.links {
            Links::To {
                root: Some(root), ..
            } => format!("[{text}]({root}/{path}#L{line})"),
            _ => code(&text),
        }
    }

    /// `a, b and c`.
    pub fn list(&self, items: &[String]) -> String {
        let Some((last, rest)) = items.split_last() else {
            return String::new();
        };
        if rest.is_empty() {
            return last.clone();
        }
        let rest = rest.join(if self.tongue.is_chinese() {
            "、"
        } else {
            ", "
        });
        say!(self, "{rest} and {last}", "{rest}、{last}")
    }

    /// `async method`, `property`, `generator function`.
    fn kind(&self, facts: &Facts) -> String {
        use super::facts::Kind;
        let signature = &facts.signature;
        let (english, chinese) = match signature.kind {
            Kind::Function => ("function", "函数"),
            Kind::Method => ("method", "方法"),
            Kind::ClassMethod => ("class method", "类方法"),
            Kind::StaticMethod => ("static method", "静态方法"),
            Kind::Property => ("property", "属性"),
        };
        let (is_async, yields) = (signature.is_async, signature.is_generator);
        match self.tongue.is_chinese() {
            false => {
                let first = if is_async { "async " } else { "" };
                let second = if yields { "generator " } else { "" };
                format!("{first}{second}{english}")
            }
            true => {
                let first = if is_async { "异步" } else { "" };
                let second = if yields { "生成器" } else { "" };
                format!("{first}{second}{chinese}")
            }
        }
    }
}

/// The head of a function on one line, as Python reads it.
fn head(facts: &Facts) -> String {
    let signature = &facts.signature;
    let mut parameters: Vec<String> = Vec::new();
    let mut before: Option<ParameterKind> = None;
    for one in &signature.parameters {
        use ParameterKind::{KeywordOnly, PositionalOnly, VarKeyword, VarPositional};
        if before == Some(PositionalOnly) && one.kind != PositionalOnly {
            parameters.push("/".to_owned());
        }
        let is_first_by_name =
            one.kind == KeywordOnly && !matches!(before, Some(KeywordOnly | VarPositional));
        if is_first_by_name {
            parameters.push("*".to_owned());
        }
        let stars = match one.kind {
            VarPositional => "*",
            VarKeyword => "**",
            _ => "",
        };
        let annotation = one.annotation.as_ref().map(|it| format!(": {it}"));
        let default = one.default.as_ref().map(|it| match annotation {
            Some(_) => format!(" = {it}"),
            None => format!("={it}"),
        });
        let (annotation, default) = (annotation.unwrap_or_default(), default.unwrap_or_default());
        parameters.push(format!("{stars}{}{annotation}{default}", one.name));
        before = Some(one.kind);
    }
    if before == Some(ParameterKind::PositionalOnly) {
        parameters.push("/".to_owned());
    }
    let is_async = if signature.is_async { "async " } else { "" };
    let returns = signature
        .return_annotation
        .as_ref()
        .map(|it| format!(" -> {it}"));
    format!(
        "{is_async}def {}({}){}",
        signature.name,
        parameters.join(", "),
        returns.unwrap_or_default()
    )
}

/// Things told of one kind, at most; the rest is counted.
const MOST: usize = 8;

/// Several things behind one another, the rest counted.
fn several(teller: &Teller<'_>, mut told: Vec<String>) -> String {
    let n_more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    let all = told.join(if teller.tongue.is_chinese() {
        "；"
    } else {
        "; "
    });
    match n_more {
        0 => all,
        n => say!(teller, "{all}; and {n} more", "{all}；另有 {n} 处"),
    }
}

/// A code span of Markdown, whatever backquotes are in the text.
pub fn code(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// Text as it is, with what Markdown would read as its own escaped; what stands in backquotes stays
/// code.
pub fn plain(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    let is_balanced = pieces.len() % 2 == 1;
    let piece = |(n, piece): (usize, &&str)| match is_balanced && n % 2 == 1 {
        true => (*piece).to_owned(),
        false => escaped(piece),
    };
    let pieces: Vec<String> = pieces.iter().enumerate().map(piece).collect();
    pieces.join(if is_balanced { "`" } else { "\\`" })
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
pub(super) mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::explanation::study::Meant;

    /// A part of the explanation of the first function of a text, in both languages.
    #[track_caller]
    pub(in super::super) fn check(part: Part, text: &str, expected: Expect) {
        let text = text.trim_start_matches('\n');
        let study = Study::of("a.py", text, &Meant::All { nested: false });
        let study = study.expect("the fixture has a function");
        let tell = |tongue| {
            let links = Links::Plain;
            let (tongue, links) = (&tongue, &links);
            Teller { tongue, links }.part(part, &study)
        };
        let both = format!("{}\n{}", tell(Tongue::English), tell(Tongue::Chinese));
        expected.assert_eq(&both);
    }

    #[test]
    fn what_markdown_would_read_as_its_own_is_escaped_outside_of_code() {
        assert_eq!(plain("a_b and `c_d`"), "a\\_b and `c_d`");
        assert_eq!(plain("a ` b_c"), "a \\` b\\_c");
    }

    #[test]
    fn code_spans_hold_any_text() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a``"), "``` `a`` ```");
    }

    #[test]
    fn a_title_tells_what_and_where() {
        let title = |text: &str, tongue| {
            let study = Study::of("a.py", text, &Meant::At(0..0)).expect("there is something");
            let links = Links::To {
                uri: "file:///a.py".to_owned(),
                root: None,
            };
            let (tongue, links) = (&tongue, &links);
            Teller { tongue, links }.title(&study)
        };
        let text = "async def f():\n    yield 1\n";
        expect!["async generator function `f`, lines [1](file:///a.py#L1)–[2](file:///a.py#L2)"]
            .assert_eq(&title(text, Tongue::English));
        expect!["异步生成器函数 `f`，第 [1](file:///a.py#L1)–[2](file:///a.py#L2) 行"]
            .assert_eq(&title(text, Tongue::Chinese));
        let text = "class A:\n    def f(self): ...\n";
        expect!["class `A`, 1 method, lines [1](file:///a.py#L1)–[2](file:///a.py#L2)"]
            .assert_eq(&title(text, Tongue::English));
    }
}
