//! What ruff says of a text, where it is installed.
//!
//! The program is looked for in the absolute folders of `PATH` alone, and never in the project that
//! is explained: opening somebody's code must not run somebody's program.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problem, Rule, Severity};
use crate::explanation::source::Lines;

/// What ruff says of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code of its rule: `F841`.
    pub code: String,
    /// What it says, in English.
    pub message: String,
    /// Where its rule is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A ruff that can be asked.
#[derive(Debug, Clone)]
pub struct Ruff {
    program: PathBuf,
}

/// How long it may take; it takes some 20 ms for most files.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes of its answer, at most.
const MAX_ANSWER: u64 = 16 << 20;

impl Ruff {
    /// The ruff of `PATH`, which is `path`; none of those below `project`.
    pub fn find(path: Option<&OsStr>, project: Option<&Path>) -> Option<Ruff> {
        let name = if cfg!(windows) { "ruff.exe" } else { "ruff" };
        let project = project.and_then(|project| project.canonicalize().ok());
        let here = std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .ok();
        let is_inside = |program: &Path| {
            let within =
                |folder: &PathBuf| folder.parent().is_some() && program.starts_with(folder);
            project.as_ref().is_some_and(within) || here.as_ref().is_some_and(within)
        };
        std::env::split_paths(path?)
            .filter(|folder| folder.is_absolute())
            .filter_map(|folder| {
                let given = folder.join(name);
                let real = given.canonicalize().ok()?;
                let folder = folder.canonicalize().ok()?;
                let is_outside = !is_inside(&real) && !is_inside(&folder);
                (is_outside && is_program(&real)).then_some(given)
            })
            .next()
            .map(|program| Ruff { program })
    }

    /// What it says of a text: of each finding the line and what is said. By the settings of the
    /// project around `path`, if that exists. `None` where it fails or takes too long.
    pub fn check(&self, text: &str, path: &Path) -> Option<Vec<(usize, Finding)>> {
        let mut child = Command::new(&self.program)
            .args(["check", "--no-cache", "--quiet", "--exit-zero", "--no-fix"])
            .args(["--output-format", "json", "--stdin-filename"])
            .arg(path)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (mut input, output) = (child.stdin.take()?, child.stdout.take()?);
        let text = text.to_owned();
        let (send, answer) = channel();
        // Both ends have threads of their own: neither side waits for the other to read. They end
        // with the program.
        std::thread::spawn(move || {
            // A ruff that reads nothing has failed, which its answer shows.
            let _ = input.write_all(text.as_bytes());
        });
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(MAX_ANSWER).read_to_end(&mut bytes);
            let _ = send.send(read.map(|_| bytes));
        });
        let bytes = answer
            .recv_timeout(PATIENCE)
            .ok()
            .and_then(|read| read.ok());
        // It has answered, or has had its time.
        let _ = child.kill();
        let _ = child.wait();
        read(&bytes?)
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// As ruff writes it.
#[derive(Deserialize)]
struct Written {
    code: Option<String>,
    message: String,
    url: Option<String>,
    location: Location,
}

#[derive(Deserialize)]
struct Location {
    row: usize,
}

fn read(answer: &[u8]) -> Option<Vec<(usize, Finding)>> {
    let written: Vec<Written> = serde_json::from_slice(answer).ok()?;
    let finding = |one: Written| {
        // Errors of syntax have no code; the text is half-typed.
        let code = one.code.filter(|code| code != "invalid-syntax")?;
        let finding = Finding {
            code,
            message: one.message,
            url: one.url,
        };
        Some((one.location.row, finding))
    };
    Some(written.into_iter().filter_map(finding).collect())
}

/// Adds what ruff says of a function's lines to its problems. Where one of our rules says the same,
/// it is one problem, with ruff's words beside.
pub fn merge(problems: &mut Vec<Problem>, lines: Lines, findings: &[(usize, Finding)]) {
    for (line, finding) in findings {
        if *line < lines.first || *line > lines.last {
            continue;
        }
        let same = problems.iter_mut().find(|problem| {
            // Where nothing is returned, is a matter of taste.
            (problem.line == *line || problem.rule == Rule::MissingReturn)
                && problem.ruff.is_none()
                && problem.rule.codes().contains(&finding.code.as_str())
        });
        match same {
            Some(problem) => problem.ruff = Some(finding.clone()),
            None => problems.push(Problem {
                rule: Rule::Ruff,
                severity: severity(&finding.code),
                line: *line,
                subject: String::new(),
                ruff: Some(finding.clone()),
            }),
        }
    }
    // What ruff says in several ways of one line, our rule says once.
    let told: Vec<(usize, Rule)> = problems.iter().map(|one| (one.line, one.rule)).collect();
    problems.retain(|problem| {
        let Some(finding) = problem.ruff.as_ref().filter(|_| problem.rule == Rule::Ruff) else {
            return true;
        };
        !told.iter().any(|(line, rule)| {
            *line == problem.line && rule.codes().contains(&finding.code.as_str())
        })
    });
    problems.sort_by_key(|problem| (problem.line, problem.severity, problem.rule));
}

/// How bad a rule's findings are, by its family: what is wrong for certain, what is likely a bug,
/// and what is a matter of style.
fn severity(code: &str) -> Severity {
    match code {
        _ if code.starts_with("F82") || code.starts_with("F63") || code.starts_with("F70") => {
            Severity::Error
        }
        "E999" => Severity::Error,
        _ if code.starts_with(['F', 'B', 'S']) && !code.starts_with("SIM") => Severity::Warning,
        _ if code.starts_with("PLE") || code.starts_with("PLW") => Severity::Warning,
        _ if code.starts_with("ASYNC") || code.starts_with("BLE") => Severity::Warning,
        _ => Severity::Hint,
    }
}

#[cfg(test)]
mod tests;
