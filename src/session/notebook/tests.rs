use expect_test::{Expect, expect};

use super::*;
use crate::seeded::Seeded;
use crate::session::Document;

fn listed(uri: &str, is_code: bool) -> Listed {
    Listed {
        uri: uri.to_owned(),
        is_code,
    }
}

fn text(language_id: &str, text: &str) -> CellText {
    CellText {
        language_id: language_id.to_owned(),
        text: Rope::from_str(text),
    }
}

/// A notebook of cells written as (language, text), with their places for URIs.
fn notebook(cells: &[(&str, &str)]) -> Notebook {
    let uris = (0..cells.len()).map(|n| n.to_string());
    let order = uris.zip(cells);
    let order = order.map(|(uri, (language, _))| listed(&uri, *language != "markdown"));
    let texts = cells.iter().enumerate();
    let texts = texts.map(|(n, (language, code))| (n.to_string(), text(language, code)));
    Notebook::new(order.collect(), texts)
}

#[track_caller]
fn check(cells: &[(&str, &str)], expect: Expect) {
    expect.assert_eq(&notebook(cells).joined());
}

#[test]
fn cells_are_one_text_in_order() {
    check(
        &[
            ("markdown", "# Sales\n\nPrices are *gross*."),
            ("python", "%matplotlib inline\nimport pandas as pd"),
            ("shellscript", "ls"),
            ("markdown", "  \n"),
            ("python", ""),
            ("python", "df = pd.DataFrame()\n"),
        ],
        expect![[r#"
            # # Sales
            # Prices are *gross*.

            #matplotlib inline
            import pandas as pd



            df = pd.DataFrame()

        "#]],
    );
    check(&[], expect![""]);
}

#[test]
fn of_long_prose_the_end_is_shown() {
    let lines: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let joined = notebook(&[("markdown", &lines.join("\n"))]).joined();
    assert_eq!(joined, "# 22\n# 23\n# 24\n# 25\n# 26\n# 27\n# 28\n# 29\n");
}

#[test]
fn an_edit_of_code_is_the_same_edit_of_the_whole() {
    let mut joined = notebook(&[("python", "a = 1"), ("python", "bb")]);
    let key = |at: usize, text: &str| Edit {
        range: at..at,
        text: text.to_owned(),
    };
    // Before a `b`, not behind the one that looks the same.
    assert_eq!(joined.edit("1", &key(0, "b")), [key(7, "b")]);
    assert_eq!(joined.edit("0", &key(5, "é")), [key(5, "é")]);
    // A percent sign at its start makes the line a command.
    let edits = joined.edit("0", &key(0, "%"));
    assert_eq!(edits, [key(0, "#")]);
    assert_eq!(joined.joined(), "#a = 1é\n\nbbb\n");
    // Its space makes `%time` a statement.
    let mut notebook = notebook(&[("python", "%timex = 1")]);
    let edits = notebook.edit("0", &key(5, " "));
    assert_eq!(edits.len(), 2, "{edits:?}");
    assert_eq!(notebook.joined(), "pass; x = 1\n");
}

/// Where a line goes that is inserted at a byte offset of the joined text.
#[track_caller]
fn check_insertion(cells: &[(&str, &str)], at: usize, cell: &str, start: usize, inserted: &str) {
    let notebook = notebook(cells);
    let edit = Edit {
        range: at..at,
        text: "\nimport os\n".to_owned(),
    };
    let (uri, edit) = notebook.insertion(edit).expect("there is code");
    assert_eq!(
        (uri, edit.range, edit.text.as_str()),
        (cell, start..start, inserted)
    );
}

#[test]
fn a_line_is_inserted_into_the_cell_it_belongs_to() {
    let cells = [
        ("markdown", "x"),
        ("python", "ab"),
        ("sql", "q"),
        ("python", "c"),
    ];
    assert_eq!(notebook(&cells).joined(), "# x\n\nab\n\nc\n");
    check_insertion(&cells, 4, "1", 0, "import os\n\n");
    check_insertion(&cells, 5, "1", 0, "\nimport os\n");
    check_insertion(&cells, 8, "1", 2, "\n\nimport os");
    check_insertion(&cells, 9, "3", 0, "\nimport os\n");
    check_insertion(&cells, 11, "3", 1, "\n\nimport os");
    check_insertion(
        &[("python", "c"), ("markdown", "x")],
        6,
        "0",
        1,
        "\n\nimport os",
    );
    // Behind `%%bash` is no Python, and nothing may stand before a cell's magic.
    let cells = [("python", "%%bash\nls"), ("python", "x = ")];
    check_insertion(&cells, 0, "1", 0, "import os\n\n");
    check_insertion(&cells, 8, "1", 0, "import os\n\n");
    let cells = [("python", "%%time\nx = 1"), ("python", "%%time")];
    check_insertion(&cells, 0, "0", 7, "import os\n\n");
    check_insertion(&cells, 20, "0", 12, "\n\nimport os");
    assert!(
        notebook(&[("markdown", "x"), ("python", "%%sql\nselect 1")])
            .insertion(Edit {
                range: 0..0,
                text: "y\n".into()
            })
            .is_none()
    );
}

#[test]
fn commands_and_other_languages_are_not_completed() {
    let notebook = notebook(&[("python", "%cd x\ny = 1"), ("markdown", "x"), ("sql", "y")]);
    assert!(notebook.silence("0", 0).is_none());
    assert!(notebook.silence("0", 3).is_some());
    assert!(notebook.silence("0", 5).is_some());
    assert!(notebook.silence("0", 8).is_none());
    assert!(notebook.silence("1", 0).is_some());
    assert!(notebook.silence("2", 0).is_some());
}

/// Lines of a cell, and how Python reads each.
const LINES: [(&str, &str); 7] = [
    ("x = 1", "x = 1"),
    ("", ""),
    ("%time y = 2", "pass; y = 2"),
    ("!ls é", "#ls é"),
    ("z = '🦀'", "z = '🦀'"),
    ("df.head?", "#f.head?"),
    ("if x: pass", "if x: pass"),
];

/// A cell of the reference: what kind, and which of [`LINES`].
#[derive(Clone)]
struct Reference {
    uri: String,
    language: &'static str,
    lines: Vec<usize>,
}

impl Reference {
    fn random(uri: usize, random: &mut Seeded) -> Reference {
        Reference {
            uri: uri.to_string(),
            language: ["python", "python", "markdown", "sql"][random.below(4)],
            lines: (0..random.below(5)).map(|_| random.below(7)).collect(),
        }
    }

    fn written(&self) -> String {
        let lines = self.lines.iter().map(|line| LINES[*line].0);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Its part of the joined text.
    fn part(&self) -> Option<String> {
        let lines = self.lines.iter();
        match self.language {
            "python" => Some(
                lines
                    .map(|line| LINES[*line].1)
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            "markdown" => {
                let prose = lines
                    .map(|line| LINES[*line].0)
                    .filter(|line| !line.is_empty());
                let prose: Vec<_> = prose.map(|line| format!("# {line}")).collect();
                let end = &prose[prose.len().saturating_sub(8)..];
                (!prose.is_empty()).then(|| end.join("\n"))
            }
            _ => None,
        }
    }

    fn listed(&self) -> Listed {
        listed(&self.uri, self.language != "markdown")
    }

    fn opened(&self) -> (String, CellText) {
        (self.uri.clone(), text(self.language, &self.written()))
    }
}

fn joined(cells: &[Reference]) -> String {
    let parts: Vec<_> = cells.iter().filter_map(Reference::part).collect();
    match parts.is_empty() {
        true => String::new(),
        false => parts.join("\n\n") + "\n",
    }
}

/// What a client does to a notebook at random; `document` is told of the edits alone.
fn step(
    cells: &mut Vec<Reference>,
    n_made: &mut usize,
    notebook: &mut Notebook,
    random: &mut Seeded,
) -> Vec<Edit> {
    let at = random.below(cells.len() + 1);
    match random.below(6) {
        // Inserts, deletes, replaces.
        0 | 1 => {
            let n_gone = random.below(3).min(cells.len() - at);
            let new: Vec<_> = (0..random.below(3))
                .map(|n| Reference::random(*n_made + n, random))
                .collect();
            *n_made += new.len();
            let gone: Vec<_> = cells.splice(at..at + n_gone, new.clone()).collect();
            let closed: Vec<_> = gone.into_iter().map(|cell| cell.uri).collect();
            let edit = notebook.restructure(
                at..at + n_gone,
                new.iter().map(Reference::listed).collect(),
                new.iter().map(Reference::opened).collect(),
                &closed,
            );
            edit.into_iter().collect()
        }
        // Moves: away and back in elsewhere, its text open throughout.
        2 if at < cells.len() => {
            let moved = cells.remove(at);
            let mut edits: Vec<_> = (notebook.restructure(at..at + 1, vec![], vec![], &[]))
                .into_iter()
                .collect();
            let to = random.below(cells.len() + 1);
            edits.extend(notebook.restructure(to..to, vec![moved.listed()], vec![], &[]));
            cells.insert(to, moved);
            edits
        }
        // Was run, or has become another kind of cell.
        3 if at < cells.len() => {
            let cell = &mut cells[at];
            if cell.language != "sql" && random.below(2) == 0 {
                let is_code = cell.language == "python";
                cell.language = if is_code { "markdown" } else { "python" };
                let (uri, text) = cell.opened();
                let mut edits: Vec<_> =
                    (notebook.set_kinds(&[cell.listed()])).into_iter().collect();
                edits.extend(notebook.restructure(0..0, vec![], vec![(uri, text)], &[]));
                return edits;
            }
            notebook.set_kinds(&[cell.listed()]).into_iter().collect()
        }
        // Types a line into it, or takes one out.
        _ if at < cells.len() => {
            let cell = &mut cells[at];
            let before = cell.written();
            let line = random.below(cell.lines.len() + 1);
            if line < cell.lines.len() && random.below(3) == 0 {
                cell.lines.remove(line);
            } else {
                cell.lines.insert(line, random.below(7));
            }
            let edit = difference(&before, &cell.written());
            edit.map_or(Vec::new(), |edit| notebook.edit(&cell.uri, &edit))
        }
        _ => Vec::new(),
    }
}

#[test]
fn whatever_is_done_to_the_cells_the_joined_text_is_theirs() {
    for seed in 0..40 {
        let mut random = Seeded::new(seed);
        let mut cells: Vec<_> = (0..3).map(|n| Reference::random(n, &mut random)).collect();
        let mut n_made = cells.len();
        let mut notebook = Notebook::new(
            cells.iter().map(Reference::listed).collect(),
            cells.iter().map(Reference::opened),
        );
        let mut document = Document::new("a.ipynb".into(), Some("python"), &notebook.joined(), 0);
        for n in 0..60 {
            for edit in step(&mut cells, &mut n_made, &mut notebook, &mut random) {
                document.apply(&edit);
            }
            let expected = joined(&cells);
            assert_eq!(document.text(), &expected, "seed {seed}, step {n}");
            assert_eq!(notebook.joined(), expected, "seed {seed}, step {n}");
            for cell in &cells {
                let place = notebook.place(&cell.uri).expect("it is listed");
                assert_eq!(place.text, cell.written());
                if cell.language == "python" {
                    let part = cell.part().expect("code is shown");
                    assert_eq!(
                        expected.get(place.start..place.start + part.len()),
                        Some(&*part)
                    );
                }
            }
            assert!(notebook.uris().count() == cells.len());
        }
    }
}
