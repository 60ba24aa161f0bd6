//! How a repository writes its docstrings, counted in those that it has.

use ruff_python_ast::Stmt;

use super::super::facts::Docstring;
use super::super::source::Source;
use super::super::target;
use super::super::tongue::Tongue;
use super::room::Quotes;
use crate::project::Project;

/// A way to write docstrings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Style {
    /// Sections with a colon: `Args:`, `Returns:`, `Raises:`.
    Google,
    /// Sections that are underlined: `Parameters`, `Returns`, `Raises`.
    Numpy,
    /// Fields: `:param x:`, `:returns:`, `:raises X:`.
    Sphinx,
    /// One line.
    Line,
}

/// How docstrings are written here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habit {
    /// The style; `None` where nothing shows one.
    pub style: Option<Style>,
    /// The language of their words.
    pub tongue: Tongue,
    /// The most columns of a line.
    pub width: usize,
    /// Whether types that are annotated are told again.
    pub tells_types: bool,
    pub(super) quotes: Quotes,
}

/// What docstrings show.
#[derive(Debug, Default, Clone)]
struct Counts {
    n: usize,
    /// Those that say nothing of parameters where there are some.
    lines: usize,
    google: usize,
    numpy: usize,
    sphinx: usize,
    typed: usize,
    untyped: usize,
    chinese: usize,
    apostrophes: usize,
    opened_alone: usize,
    opened_beside: usize,
    /// Widths of lines that are nearly full, of docstrings.
    told: Vec<usize>,
    /// And of code.
    code: Vec<usize>,
}

/// Docstrings that show how it is done; with fewer in a file, the project is asked as well.
const ENOUGH: usize = 6;

/// Files of the project that are read, and bytes of them, at most.
const MOST_FILES: usize = 60;
const MOST_BYTES: usize = 1 << 20;

impl Habit {
    /// The habit of a file, and of the project around it where the file shows too little; `path` is
    /// the file's in the project.
    pub fn of(text: &str, project: Option<(&Project, &str)>) -> Habit {
        let mut counts = Counts::default();
        counts.add(text);
        let own = counts.clone();
        if let Some((project, path)) = project
            && counts.structured() + counts.lines < ENOUGH
        {
            let mut n_bytes = 0;
            for other in nearest(project, path) {
                let Some(text) = project.text(&other) else {
                    continue;
                };
                n_bytes += text.len();
                if n_bytes > MOST_BYTES || counts.structured() + counts.lines >= 8 * ENOUGH {
                    break;
                }
                counts.add(&text);
            }
        }
        Habit {
            style: counts.style(),
            tongue: match counts.chinese * 2 > counts.n {
                true => Tongue::Chinese,
                false => Tongue::English,
            },
            width: own.width().or(counts.width()).unwrap_or(79),
            tells_types: counts.typed >= counts.untyped,
            quotes: Quotes {
                mark: if counts.apostrophes * 2 > counts.n {
                    '\''
                } else {
                    '"'
                },
                opens_alone: counts.opened_alone > counts.opened_beside,
            },
        }
    }
}

/// Other Python files of a project, those in the nearest folders first.
fn nearest(project: &Project, path: &str) -> Vec<std::sync::Arc<str>> {
    let shared = |other: &str| {
        let same = path.split('/').zip(other.split('/'));
        same.take_while(|(one, other)| one == other).count()
    };
    let files = project.files();
    let paths = files.iter().map(|file| std::sync::Arc::clone(&file.path));
    let mut paths: Vec<_> = paths
        .filter(|other| other.ends_with(".py") && **other != *path)
        .collect();
    paths.sort_by_key(|other| std::cmp::Reverse(shared(other)));
    paths.truncate(MOST_FILES);
    paths
}

impl Counts {
    fn add(&mut self, text: &str) {
        let source = Source::parse(text);
        for function in target::functions(&source) {
            let Some(docstring) = Docstring::of(&function.def.body, &source) else {
                continue;
            };
            let literal = match function.def.body.first() {
                Some(Stmt::Expr(one)) => source.text_of(one),
                _ => "",
            };
            self.docstring(&docstring.text, literal);
            let is_method = function.class().is_some();
            let n_parameters = function
                .def
                .parameters
                .len()
                .saturating_sub(usize::from(is_method));
            let is_silent = style_of(&docstring.text).is_none();
            self.lines += usize::from(is_silent && n_parameters > 0);
            for line in docstring.lines.first..=docstring.lines.last {
                self.told.push(width_of(source.text_of_line(line)));
            }
        }
        self.code.extend(text.lines().map(width_of));
    }

    fn docstring(&mut self, text: &str, literal: &str) {
        self.n += 1;
        let of = |style| usize::from(style_of(text) == Some(style));
        self.google += of(Style::Google);
        self.numpy += of(Style::Numpy);
        self.sphinx += of(Style::Sphinx);
        let (typed, untyped) = n_typed(text);
        self.typed += typed;
        self.untyped += untyped;
        let is_chinese = |c| matches!(c, '\u{4e00}'..='\u{9fff}');
        self.chinese += usize::from(text.chars().any(is_chinese));
        let opened = literal.trim_start_matches(['r', 'R', 'u', 'U']);
        self.apostrophes += usize::from(opened.starts_with("'''"));
        if literal.contains('\n') {
            let first = opened.lines().next().unwrap_or_default();
            let is_alone = first.trim_matches(['"', '\'']).trim().is_empty();
            self.opened_alone += usize::from(is_alone);
            self.opened_beside += usize::from(!is_alone);
        }
    }

    fn structured(&self) -> usize {
        self.google + self.numpy + self.sphinx
    }

    /// A style that a quarter of the docstrings have that could speak of parameters; else they are
    /// lines.
    fn style(&self) -> Option<Style> {
        let structured = self.structured();
        let n = structured + self.lines;
        if n == 0 {
            return None;
        }
        if structured * 4 < n {
            return Some(Style::Line);
        }
        let styles = [
            (self.google, Style::Google),
            (self.numpy, Style::Numpy),
            (self.sphinx, Style::Sphinx),
        ];
        // The first of equals.
        let best = styles.into_iter().rev().max_by_key(|(n, _)| *n);
        best.map(|(_, style)| style)
    }

    /// The width that the fullest lines keep to, of docstrings where there are enough of them.
    fn width(&self) -> Option<usize> {
        const FULL: usize = 60;
        [&self.told, &self.code].into_iter().find_map(|widths| {
            let mut full: Vec<usize> = widths.iter().copied().filter(|it| *it > FULL).collect();
            full.sort_unstable();
            // A few lines are always too long.
            let at = full.len().checked_sub(1)? * 95 / 100;
            let most = full[at];
            let limit = [72, 79, 88].into_iter().find(|limit| most <= *limit);
            (full.len() >= 8).then(|| limit.unwrap_or(88))
        })
    }
}

fn width_of(line: &str) -> usize {
    line.trim_end()
        .chars()
        .map(|c| if c == '\t' { 4 } else { 1 })
        .sum()
}

/// Heads of sections, in the styles that have them.
const SECTIONS: [&str; 12] = [
    "Args",
    "Arguments",
    "Parameters",
    "Returns",
    "Return",
    "Yields",
    "Raises",
    "Attributes",
    "Keyword Args",
    "Other Parameters",
    "Params",
    "Notes",
];

/// The style of a docstring that has more than prose.
fn style_of(text: &str) -> Option<Style> {
    let lines: Vec<&str> = text.lines().collect();
    let is_field = |line: &str| {
        let line = line.trim_start();
        [
            ":param", ":return", ":rtype", ":raise", ":type", ":yield", ":arg ",
        ]
        .iter()
        .any(|field| line.starts_with(field))
    };
    if lines.iter().any(|line| is_field(line)) {
        return Some(Style::Sphinx);
    }
    lines.windows(2).find_map(|pair| {
        let (head, next) = (pair[0].trim(), pair[1]);
        if SECTIONS.contains(&head)
            && next.trim().len() >= 3
            && next.trim().trim_matches('-').is_empty()
        {
            return Some(Style::Numpy);
        }
        let name = head.strip_suffix(':')?;
        let is_deeper =
            next.len() - next.trim_start().len() > pair[0].len() - pair[0].trim_start().len();
        (SECTIONS.contains(&name) && is_deeper).then_some(Style::Google)
    })
}

/// Parameters of a docstring that are told with their types, and without.
fn n_typed(text: &str) -> (usize, usize) {
    let (mut typed, mut untyped) = (0, 0);
    let mut count = |is_typed: bool| match is_typed {
        true => typed += 1,
        false => untyped += 1,
    };
    let style = style_of(text);
    let mut section = "";
    let is_name = |it: &str| {
        let it = it.trim_start_matches(['*', '\\']);
        !it.is_empty() && it.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    let has_type_fields = text.contains(":type ");
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match style {
            Some(Style::Sphinx) => {
                if let Some(field) = line
                    .strip_prefix(":param ")
                    .and_then(|it| it.split_once(':'))
                {
                    count(has_type_fields || field.0.trim().contains(' '));
                }
            }
            Some(Style::Google) if indent == 0 => section = line.trim_end_matches(':'),
            Some(Style::Google) if ["Args", "Arguments"].contains(&section) => {
                let Some((head, _)) = line.split_once(':') else {
                    continue;
                };
                match head.split_once(" (") {
                    Some((name, _)) if is_name(name) => count(true),
                    None if is_name(head) => count(false),
                    _ => {}
                }
            }
            Some(Style::Numpy) if indent == 0 => {
                if SECTIONS.contains(&line) {
                    section = line;
                } else if section == "Parameters" && !line.is_empty() {
                    match line.split_once(" : ") {
                        Some(_) => count(true),
                        None if is_name(line) => count(false),
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }
    (typed, untyped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(docstrings: &[&str], style: Option<Style>) {
        let texts = docstrings.iter().enumerate().map(|(n, docstring)| {
            let body = docstring.replace('\n', "\n    ");
            format!("def f{n}(x):\n    \"\"\"{body}\"\"\"\n")
        });
        let habit = Habit::of(&texts.collect::<String>(), None);
        assert_eq!(habit.style, style);
    }

    #[test]
    fn the_style_is_that_of_a_quarter_of_the_docstrings_at_least() {
        let google = "Does.\n\nArgs:\n    x: The x.";
        let numpy = "Does.\n\nParameters\n----------\nx : int\n    The x.";
        let sphinx = "Does.\n\n:param x: The x.";
        check(&[], None);
        check(&["Does."], Some(Style::Line));
        check(&[google, "Does."], Some(Style::Google));
        check(&[numpy, google, numpy], Some(Style::Numpy));
        check(&[sphinx], Some(Style::Sphinx));
        check(&["a", "b", "c", "d", sphinx], Some(Style::Line));
        check(&["Example:\n    no section"], Some(Style::Line));
    }

    #[test]
    fn types_are_told_where_most_are() {
        assert_eq!(
            n_typed("D.\n\nArgs:\n    x (int): X.\n    y: Y.\n        a: b\n"),
            (1, 2)
        );
        assert_eq!(
            n_typed("D.\n\nParameters\n----------\nx : int\n    X.\ny\n    Y.\n"),
            (1, 1)
        );
        assert_eq!(n_typed("D.\n\n:param x: X.\n:param int y: Y.\n"), (1, 1));
    }

    #[test]
    fn quotes_words_and_width_are_those_of_the_file() {
        let line = format!("    '''\n    做{}\n    '''\n", "x".repeat(70));
        let text = format!("def f():\n{line}").repeat(9);
        let habit = Habit::of(&text, None);
        assert_eq!(
            habit.quotes,
            Quotes {
                mark: '\'',
                opens_alone: true
            }
        );
        assert_eq!((habit.tongue, habit.width), (Tongue::Chinese, 79));
    }
}
