//! What a model says about names and lines, held against what is so.
//!
//! A statement is never taken out silently: what contradicts the code is struck through, and the
//! reason stands behind it.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::part::Part;
use super::tongue::Tongue;
use crate::project::builtins::is_builtin;
use crate::syntax;

/// What a model's statements are held against.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Every name that may be spoken of, besides builtins and keywords: those of the file, and of
    /// what it imports and calls.
    pub names: HashSet<String>,
    /// The lines that were shown, from 1.
    pub lines: Option<RangeInclusive<usize>>,
    /// Names of exceptions that the function raises itself; `None` where not all are known, as
    /// when it raises what a variable holds.
    pub raises: Option<HashSet<String>>,
    /// Parameters, `self` and `cls` left out; `None` where several functions are spoken of.
    pub n_parameters: Option<usize>,
}

/// What was found wrong with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// A name that stands nowhere in the code.
    NoSuchName(String),
    /// A line that was not shown.
    NoSuchLine(usize),
    /// An exception that the function does not raise.
    NotRaised(String),
    /// Another number of parameters than there are.
    Parameters(usize),
}

impl Contradiction {
    fn reason(&self, tongue: &Tongue) -> String {
        match (self, tongue.is_chinese()) {
            (Contradiction::NoSuchName(name), false) => format!("there is no `{name}` in the code"),
            (Contradiction::NoSuchName(name), true) => format!("代码中没有 `{name}`"),
            (Contradiction::NoSuchLine(line), false) => format!("line {line} is not part of it"),
            (Contradiction::NoSuchLine(line), true) => format!("第 {line} 行不在其中"),
            (Contradiction::NotRaised(name), false) => format!("it does not raise `{name}` itself"),
            (Contradiction::NotRaised(name), true) => format!("它本身不会引发 `{name}`"),
            (Contradiction::Parameters(n), false) => format!("its parameters number {n}"),
            (Contradiction::Parameters(n), true) => format!("参数共有 {n} 个"),
        }
    }
}

/// A statement with its line references turned into links by `link`, struck through where it
/// contradicts what is known. `part` tells what it may speak of: improvements may name what is not
/// there yet.
pub fn checked(
    statement: &str,
    part: Part,
    known: &Known,
    tongue: &Tongue,
    link: &dyn Fn(usize, &str) -> String,
) -> String {
    let found = contradictions(statement, part, known);
    let linked = linked(statement, known, link);
    if found.is_empty() {
        return linked;
    }
    let reasons: Vec<String> = found.iter().map(|one| one.reason(tongue)).collect();
    let (start, rest) = bullet(&linked);
    let text = rest.trim_end();
    let end = &rest[text.len()..];
    let (open, comma, close) = match tongue.is_chinese() {
        true => ("（", "；", "）"),
        false => (" (", "; ", ")"),
    };
    format!(
        "{start}~~{text}~~{open}⚠ {}{close}{end}",
        reasons.join(comma)
    )
}

/// What a statement says that is not so.
pub fn contradictions(statement: &str, part: Part, known: &Known) -> Vec<Contradiction> {
    let mut found = Vec::new();
    if part != Part::Improvements {
        for code in spans(statement) {
            if let Some(name) = unknown_name(code, known) {
                found.push(Contradiction::NoSuchName(name));
            }
        }
        found.extend(not_raised(statement, known));
        found.extend(miscounted(statement, known));
    }
    for (line, _) in line_references(statement) {
        let is_shown = known
            .lines
            .as_ref()
            .is_none_or(|lines| lines.contains(&line));
        if !is_shown {
            found.push(Contradiction::NoSuchLine(line));
        }
    }
    found.dedup();
    found
}

/// The first name of a code span that stands nowhere. Spans that are no names, such as `a + 1` or
/// `"text"`, are looked at word by word; what is quoted in them is not.
fn unknown_name(code: &str, known: &Known) -> Option<String> {
    let mut quoted = None;
    let unquoted = |c: char| match quoted {
        Some(quote) if c == quote => {
            quoted = None;
            ' '
        }
        Some(_) => ' ',
        None if c == '"' || c == '\'' => {
            quoted = Some(c);
            ' '
        }
        None => c,
    };
    let code: String = code.chars().map(unquoted).collect();
    let is_known =
        |name: &str| known.names.contains(name) || is_builtin(name) || KEYWORDS.contains(&name);
    syntax::identifiers(&code)
        .find(|name| !is_known(name))
        .map(str::to_owned)
}

/// Python's keywords, soft ones included.
const KEYWORDS: [&str; 38] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "type", "while", "with", "yield",
];

/// Exceptions that a statement says are raised. A sentence that denies it, or speaks of what is
/// caught, says nothing of the kind.
fn not_raised(statement: &str, known: &Known) -> Vec<Contradiction> {
    let Some(raises) = &known.raises else {
        return Vec::new();
    };
    let lower = statement.to_lowercase();
    let says = [
        "raises",
        "will raise",
        "raised by the function",
        "抛出",
        "引发",
    ];
    let denies = [
        "not raise",
        "n't raise",
        "never raise",
        "no exception",
        "catch",
        "caught",
        "handle",
        "if",
        "may",
        "might",
        "could",
        "can ",
        "propagat",
        "不会",
        "捕获",
        "处理",
        "可能",
        "如果",
        "不抛",
        "不引发",
    ];
    let is_claim = says.iter().any(|word| lower.contains(word))
        && !denies.iter().any(|word| lower.contains(word));
    if !is_claim {
        return Vec::new();
    }
    let is_exception = |name: &str| name.ends_with("Error") || name.ends_with("Exception");
    spans(statement)
        .filter_map(|code| code.split(['(', ' ']).next())
        .filter_map(|name| name.rsplit('.').next())
        .filter(|name| is_exception(name) && !raises.contains(*name))
        .map(|name| Contradiction::NotRaised(name.to_owned()))
        .collect()
}

/// A count of parameters that is wrong.
fn miscounted(statement: &str, known: &Known) -> Option<Contradiction> {
    let n = known.n_parameters?;
    let lower = statement.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let verbs = ["takes", "accepts", "has"];
    let said = words.windows(3).find_map(|three| {
        let is_noun = three[2].starts_with("parameter") || three[2].starts_with("argument");
        (verbs.contains(&three[0]) && is_noun).then(|| number(three[1]))?
    });
    let said = said.or_else(|| {
        let (before, _) = lower.split_once("个参数")?;
        let digits = before.trim_end();
        let last = digits.chars().next_back()?;
        last.to_digit(10)
            .map(|_| {
                let start = digits.trim_end_matches(|c: char| c.is_ascii_digit()).len();
                digits[start..].parse().ok()
            })
            .unwrap_or_else(|| {
                "一二三四五六七八九"
                    .chars()
                    .position(|c| c == last)
                    .map(|n| n + 1)
            })
    })?;
    // With `self` it is one more, and some count it.
    (said != n && said != n + 1).then_some(Contradiction::Parameters(n))
}

fn number(word: &str) -> Option<usize> {
    let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let known = words.iter().position(|known| *known == word);
    known.or_else(|| word.parse().ok())
}

/// The code spans of a line of Markdown, without their backquotes.
fn spans(statement: &str) -> impl Iterator<Item = &str> {
    let pieces = statement.split('`');
    pieces.skip(1).step_by(2).filter(|code| !code.is_empty())
}

/// Line numbers a statement refers to, in order, with their bytes in it: `line 3`, `lines 3-5`,
/// `L3`, `第 3 行`.
fn line_references(statement: &str) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    let lower = statement.to_ascii_lowercase();
    while let Some((start, text_start)) = next_reference(&lower, at) {
        let digits = |from: usize| {
            let rest = &lower[from..];
            from..from + rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
        };
        let first = digits(text_start);
        at = first.end.max(start + 1);
        while !lower.is_char_boundary(at) {
            at += 1;
        }
        let Ok(line) = lower[first.clone()].parse() else {
            continue;
        };
        if lower[start..].starts_with('第') {
            let after = lower[first.end..].trim_start();
            let is_line = after.starts_with('行')
                || after.starts_with(['-', '–', '到', '至', '~']) && after.contains('行');
            if !is_line {
                continue;
            }
        }
        found.push((line, first.clone()));
        let rest = &lower[first.end..];
        let joined = [
            "-", "–", " - ", " – ", " to ", " and ", "到", "至", " 到 ", " 至 ", "~",
        ];
        if let Some(joint) = joined.iter().find(|joint| {
            rest.strip_prefix(**joint)
                .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
        }) {
            let second = digits(first.end + joint.len());
            if let Ok(line) = lower[second.clone()].parse() {
                found.push((line, second.clone()));
                at = second.end;
            }
        }
    }
    found
}

/// Where the next reference begins from `at` on, and where its number does.
fn next_reference(lower: &str, at: usize) -> Option<(usize, usize)> {
    let leads = ["lines ", "line ", "第 ", "第"];
    let found = leads
        .iter()
        .filter_map(|lead| {
            let start = at + lower[at..].find(lead)?;
            Some((start, start + lead.len()))
        })
        // `第` begins `第 ` as well: the longer one goes first.
        .min_by_key(|(start, end)| (*start, usize::MAX - *end))?;
    Some(found)
}

/// The statement with every line reference a link.
fn linked(statement: &str, known: &Known, link: &dyn Fn(usize, &str) -> String) -> String {
    let mut text = String::with_capacity(statement.len());
    let mut end = 0;
    for (line, range) in line_references(statement) {
        let is_shown = known
            .lines
            .as_ref()
            .is_none_or(|lines| lines.contains(&line));
        text.push_str(&statement[end..range.start]);
        match is_shown {
            true => text.push_str(&link(line, &statement[range.clone()])),
            false => text.push_str(&statement[range.clone()]),
        }
        end = range.end;
    }
    text.push_str(&statement[end..]);
    text
}

/// What makes a line a list item, and the rest.
fn bullet(line: &str) -> (&str, &str) {
    let content = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - content.len();
    let after_number = content.trim_start_matches(|c: char| c.is_ascii_digit());
    let marker = if content.starts_with(['-', '*', '+']) && content[1..].starts_with(' ') {
        2
    } else if after_number.len() < content.len() && after_number.starts_with(". ") {
        content.len() - after_number.len() + 2
    } else {
        0
    };
    line.split_at(indent + marker)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Statements about this function, one a line:
    /// ```python
    /// def total(prices, tax):        # line 10
    ///     if not prices:
    ///         raise ValueError("none")
    ///     return sum(prices) * (1 + tax)
    /// ```
    #[track_caller]
    fn check(tongue: Tongue, part: Part, said: &str, expected: Expect) {
        let names = [
            "total",
            "prices",
            "tax",
            "ValueError",
            "sum",
            "if",
            "not",
            "raise",
            "None",
        ];
        let known = Known {
            names: names.map(str::to_owned).into(),
            lines: Some(10..=13),
            raises: Some(["ValueError".to_owned()].into()),
            n_parameters: Some(2),
        };
        let link = |line: usize, text: &str| format!("[{text}](#{line})");
        let lines: Vec<String> = said
            .lines()
            .map(|line| checked(line, part, &known, &tongue, &link))
            .collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn what_is_so_stays_and_its_lines_are_links() {
        check(
            Tongue::English,
            Part::Flow,
            "- On line 11 it tests `not prices` and raises `ValueError`.\n\
             - Lines 12-13 call `sum(prices)`.\nIt takes two parameters.",
            expect![[r#"
                - On line [11](#11) it tests `not prices` and raises `ValueError`.
                - Lines [12](#12)-[13](#13) call `sum(prices)`.
                It takes two parameters."#]],
        );
    }

    #[test]
    fn what_is_not_so_is_struck_and_the_reason_stands_behind_it() {
        check(
            Tongue::English,
            Part::Purpose,
            "- It calls `fetch_prices` first.\n1. Line 20 logs the total.\n\
             It raises `TypeError` for strings.\nThe function takes 3 arguments and 4 of them count.",
            expect![[r#"
                - ~~It calls `fetch_prices` first.~~ (⚠ there is no `fetch_prices` in the code)
                1. ~~Line 20 logs the total.~~ (⚠ line 20 is not part of it)
                ~~It raises `TypeError` for strings.~~ (⚠ it does not raise `TypeError` itself)
                The function takes 3 arguments and 4 of them count."#]],
        );
    }

    #[test]
    fn what_might_be_is_no_claim_and_improvements_may_name_new_things() {
        check(
            Tongue::English,
            Part::Problems,
            "It does not raise `ValueError` for a negative `tax`.\n`sum` may raise `ValueError`.",
            expect![[r#"
                It does not raise `ValueError` for a negative `tax`.
                `sum` may raise `ValueError`."#]],
        );
        check(
            Tongue::English,
            Part::Improvements,
            "Use `math.fsum` in line 13.",
            expect!["Use `math.fsum` in line [13](#13)."],
        );
    }

    #[test]
    fn chinese_statements_are_held_to_the_same() {
        check(
            Tongue::Chinese,
            Part::Flow,
            "- 第 11 行检查 `prices`，第12-13行求和。\n- 第 99 行记录日志。\n它接受五个参数。\n- 调用 `helper`。",
            expect![[r#"
                - 第 [11](#11) 行检查 `prices`，第[12](#12)-[13](#13)行求和。
                - ~~第 99 行记录日志。~~（⚠ 第 99 行不在其中）
                ~~它接受五个参数。~~（⚠ 参数共有 2 个）
                - ~~调用 `helper`。~~（⚠ 代码中没有 `helper`）"#]],
        );
    }

    #[test]
    fn what_is_quoted_in_code_is_no_name() {
        check(
            Tongue::English,
            Part::Purpose,
            "The message is `\"none\"` and the code `total(prices, tax=1)`.",
            expect!["The message is `\"none\"` and the code `total(prices, tax=1)`."],
        );
    }
}
