//! Cells of a notebook are Python with IPython's commands in between: `%matplotlib inline`,
//! `!pip install x`, `df.head?`. Everything else here reads Python, so a cell is rewritten into
//! Python of the same length, byte by byte: an offset in the one is an offset in the other.

use std::ops::Range;

use ruff_python_ast::PySourceType;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{ParseOptions, parse_unchecked};
use ruff_text_size::Ranged as _;

use super::depth::{self, Depth};

/// A cell as Python reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// As long as the cell, with its line breaks where they were.
    pub text: String,
    /// Byte ranges of the commands, where there is nothing to complete.
    pub commands: Vec<Range<usize>>,
    /// Where its Python begins, in bytes: behind the line of its magic, if it has one. `None` if
    /// there is no such place, for the cell is in another language or no line follows.
    pub lines_from: Option<usize>,
}

/// Cell magics (`%%time` on the first line) behind which the cell is Python that runs in the
/// notebook's own namespace. Behind any other, such as `%%bash`, it is something else.
const PYTHON_MAGICS: [&str; 6] = ["capture", "debug", "memit", "prun", "time", "timeit"];

/// Rewrites a cell. Commands become comments; where Python needs a statement or a value in their
/// place, a `0` before a comment; and the statement behind `%time` stays what it is, since the
/// names it binds are those of the notebook.
pub fn as_python(cell: &str) -> Rewritten {
    let mut rewritten = Rewritten {
        text: cell.to_owned(),
        commands: Vec::new(),
        lines_from: Some(0),
    };
    if !cell.lines().any(may_be_command) {
        return rewritten;
    }
    let magic = cell_magic(cell);
    let is_python = magic.is_none_or(|(name, _)| PYTHON_MAGICS.contains(&name));
    if is_python {
        rewritten.commands = commands(cell);
        rewritten.lines_from = magic.map_or(Some(0), |(_, behind)| behind);
    } else {
        rewritten.commands.push(0..cell.len());
        rewritten.lines_from = None;
    }
    let mut bytes = std::mem::take(&mut rewritten.text).into_bytes();
    rewritten
        .commands
        .retain(|command| !keeps_statement(cell, &mut bytes, command));
    for command in &rewritten.commands {
        hide(cell, &mut bytes, command);
    }
    // Only whole characters were overwritten, with ASCII.
    rewritten.text = String::from_utf8(bytes).unwrap_or_else(|_| cell.to_owned());
    rewritten
}

/// Whether a line may be a command, or end with one as `x = !ls` does: most cells need no lexer.
fn may_be_command(line: &str) -> bool {
    let is_value = |(at, _)| line[at + 1..].trim_start().starts_with(['%', '!']);
    let line_start = line.trim_start();
    line_start.starts_with(['%', '!', '?', '/', ',', ';'])
        || line.contains('?')
        || line.match_indices('=').any(is_value)
}

/// Whether the path is that of a notebook, or of a console that is shown as one.
pub fn is_notebook(path: &str) -> bool {
    path.ends_with(".ipynb") || path.ends_with(".interactive")
}

/// The name of the magic on a cell's first line, and where the next line begins, in bytes.
fn cell_magic(cell: &str) -> Option<(&str, Option<usize>)> {
    let rest = cell.trim_start().strip_prefix("%%")?;
    let (line, behind) = match rest.split_once('\n') {
        Some((line, behind)) => (line, Some(cell.len() - behind.len())),
        None => (rest, None),
    };
    Some((line.split_whitespace().next().unwrap_or_default(), behind))
}

/// The commands as Ruff's lexer for notebooks finds them: it knows which lines begin a statement,
/// so the second line of `"%d"\n% n` in brackets is none.
fn commands(cell: &str) -> Vec<Range<usize>> {
    // As for a module, see `python::refusals_as`.
    if depth::is_deeper(cell, Depth::HERE) {
        return Vec::new();
    }
    let parsed = parse_unchecked(cell, ParseOptions::from(PySourceType::Ipynb));
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut statement = None;
    let mut n_open = 0_usize;
    for token in parsed.tokens() {
        let range = token.start().to_usize()..token.end().to_usize();
        let begun = match token.kind() {
            TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Indent
            | TokenKind::Dedent => continue,
            TokenKind::Newline => {
                (statement, n_open) = (None, 0);
                continue;
            }
            _ => *statement.get_or_insert(range.start),
        };
        let command = match token.kind() {
            TokenKind::IpyEscapeCommand => range,
            // `df.head?` is a command from the statement's first word on.
            TokenKind::Question => {
                let line = cell[..range.start].rfind('\n').map_or(0, |at| at + 1);
                let indent = cell[line..].len() - cell[line..].trim_start().len();
                // A bracket that is open may be one further up that was never closed.
                let start = if n_open == 0 { begun } else { line + indent };
                let end = cell[range.end..].find('\n');
                start..end.map_or(cell.len(), |at| range.end + at)
            }
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                n_open += 1;
                continue;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                n_open = n_open.saturating_sub(1);
                continue;
            }
            _ => continue,
        };
        if found.last().is_none_or(|last| last.end <= command.start) {
            found.push(command);
        }
    }
    found
}

/// `%time statement` becomes `pass; statement`, which is as long. Where its value is asked for it
/// is a command like any other: Python has no such expression.
fn keeps_statement(cell: &str, bytes: &mut [u8], command: &Range<usize>) -> bool {
    let is_value = cell[..command.start].trim_end().ends_with(['=', '\\']);
    let timed = !is_value
        && cell[command.clone()]
            .strip_prefix("%time ")
            .is_some_and(|statement| !statement.trim_start().starts_with('-'));
    if timed {
        bytes[command.start..][..6].copy_from_slice(b"pass; ");
    }
    timed
}

/// Makes comments of a command's lines.
fn hide(cell: &str, bytes: &mut [u8], command: &Range<usize>) {
    let mut at = command.start;
    let starts_line = at == 0 || bytes[at - 1] == b'\n';
    // Behind an indentation it may be all that a block has, behind `=` it is a value.
    let mut mark: &[u8] = if starts_line { b"#" } else { b"0#" };
    for line in cell[command.clone()].split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let mut marked = 0;
        for (from, character) in content.char_indices() {
            if marked >= mark.len() {
                break;
            }
            for byte in &mut bytes[at + from..at + from + character.len_utf8()] {
                *byte = mark.get(marked).copied().unwrap_or(b'#');
                marked += 1;
            }
        }
        at += line.len();
        mark = b"#";
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::syntax;

    /// What Python reads of a cell; a cell that IPython takes must give text that Python takes.
    #[track_caller]
    fn check(cell: &str, expect: Expect) {
        let rewritten = as_python(cell);
        expect.assert_eq(&rewritten.text);
        assert_eq!(rewritten.text.len(), cell.len());
        assert_eq!(syntax::refusals(&rewritten.text), Vec::<usize>::new());
        let breaks = |text: &str| {
            text.match_indices('\n')
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        assert_eq!(breaks(&rewritten.text), breaks(cell));
    }

    #[test]
    fn commands_are_comments() {
        check(
            "%matplotlib inline\n!pip install -q \\\n    pandas\nimport pandas as pd\n?pd\npd.read_csv?\nx = 1\n",
            expect![[r#"
                #matplotlib inline
                #pip install -q \
                #   pandas
                import pandas as pd
                #pd
                #d.read_csv?
                x = 1
            "#]],
        );
    }

    #[test]
    fn a_command_for_a_value_or_in_a_block_leaves_python_something() {
        check(
            "files = !ls\nhome = %pwd\nif files:\n    !rm -rf é\n    %é\n    !é\n",
            expect![[r#"
                files = 0#s
                home = 0#wd
                if files:
                    0#m -rf é
                    0##
                    0##
            "#]],
        );
    }

    #[test]
    fn what_only_looks_like_a_command_stays() {
        let cell = "text = ('%d of %d'\n        % (a, b))\nx = a % b\ny = '''\n%time\n!ls\nwhat?\n'''\n# %run\n";
        let rewritten = as_python(cell);
        assert_eq!(rewritten.text, cell);
        assert!(rewritten.commands.is_empty());
    }

    #[test]
    fn a_statement_that_is_timed_is_a_statement() {
        check(
            "%time df = load()\n%%time\n",
            expect![[r#"
                pass; df = load()
                #%time
            "#]],
        );
    }

    #[test]
    fn what_is_timed_for_its_value_is_a_value() {
        check("x = %time f()\n", expect!["x = 0#ime f()\n"]);
        check("x = \\\n  %time f()\n", expect!["x = \\\n  0#ime f()\n"]);
    }

    #[test]
    fn a_question_is_about_the_whole_statement_before_it() {
        check(
            "x = \"\"\"a\nb\"\"\"?\ny = 1\n",
            expect![[r##"
            # = """a
            #"""?
            y = 1
        "##]],
        );
        check(
            "# so\nif x:\n    f(a,\n      b)?\n",
            expect![[r#"
                # so
                if x:
                    0#a,
                #     b)?
            "#]],
        );
        // A bracket above that is still open is no part of it.
        assert_eq!(as_python("f(a,\ndf.head?\n").text, "f(a,\n#f.head?\n");
    }

    #[test]
    fn a_cell_in_another_language_is_a_comment_to_the_last_line() {
        check(
            "%%bash\nfor f in *; do\n  echo $f\n\ndone\n",
            expect![[r#"
                #%bash
                #or f in *; do
                # echo $f

                #one
            "#]],
        );
        check("%%time\nx = 1\n", expect!["#%time\nx = 1\n"]);
    }

    #[test]
    fn half_a_cell_is_rewritten_as_well() {
        let cell = "%ls\ndef f(\n!pwd\nx = [1,\n%cd ..\n";
        assert!(as_python(cell).text.starts_with("#ls\ndef f(\n"));
        assert_eq!(as_python("").text, "");
        assert_eq!(as_python("%").text, "#");
        assert_eq!(as_python("x = !").text.len(), 5);
    }
}
