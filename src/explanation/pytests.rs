//! A pytest skeleton for a function: what its facts say must be tried, with [values](values) where
//! they can be seen and a TODO where they cannot.
//!
//! An ordinary call, a test for each exception it raises, one for each parameter that decides on a
//! branch. A model that can be spoken to adds [cases](cases), which are marked as its own. The
//! tests are [put into a file](file) that may be there already.

mod cases;
mod construction;
mod file;
mod paths;
#[cfg(test)]
mod tests;
mod tests_of;
mod values;

pub use cases::of_model as cases;
pub use file::{Place, merged, place};

use super::source::Source;
use super::study::{Studied, Study};
use super::target::NoTarget;

/// Tests for a function, in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skeleton {
    /// The function, such as `Cart.put`.
    pub name: String,
    /// Import statements.
    pub imports: Vec<String>,
    /// Fixtures and tests, each a definition.
    pub pieces: Vec<Piece>,
}

/// A definition of a test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The name that is defined.
    pub name: String,
    /// Its text, without a line break at its end.
    pub text: String,
}

/// How tests of coroutines are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Coroutines {
    /// By `asyncio.run`, which needs nothing.
    #[default]
    Run,
    /// By a plugin, with `pytest.mark.asyncio`.
    Asyncio,
    /// By a plugin, with `pytest.mark.anyio`.
    Anyio,
}

/// Why there are no tests to write, in a sentence to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no function.
    #[error(transparent)]
    NoTarget(#[from] NoTarget),
    /// There are several.
    #[error("There are {n} functions here; put the cursor inside the one to test.")]
    Several {
        /// How many.
        n: usize,
    },
    /// It cannot be imported.
    #[error(
        "{name} is written inside another function, where no test can reach it; test the function \
         around it."
    )]
    Nested {
        /// The function.
        name: String,
    },
    /// It is a test.
    #[error("{name} is a test itself.")]
    IsTest {
        /// The function.
        name: String,
    },
    /// Its file has a name that no `import` takes.
    #[error("{path} cannot be imported under its name; rename it, so that a test can.")]
    NoModule {
        /// The file.
        path: String,
    },
    /// The tests are there.
    #[error("{path} has these tests already.")]
    AllThere {
        /// The test file.
        path: String,
    },
}

/// The function of a study that is to be tested.
///
/// # Errors
/// Where there is none, or more than one.
pub fn wanted(study: &Study) -> Result<&Studied, Refusal> {
    let [studied] = &study.functions[..] else {
        let n = study.functions.len();
        return Err(Refusal::Several { n });
    };
    let name = studied.facts.signature.qualified_name.clone();
    if name.contains("<locals>") {
        return Err(Refusal::Nested { name });
    }
    if studied.facts.signature.name.starts_with("test_") {
        return Err(Refusal::IsTest { name });
    }
    Ok(studied)
}

/// Whether a function of this name, such as `Cart.put`, can be reached by a test and is none.
pub fn can_be_tested(name: &str) -> bool {
    !name.contains("<locals>") && !name.starts_with("test_") && !name.contains(".test_")
}

/// The tests of a function of a text: `module` is what it is imported from.
pub fn skeleton(text: &str, studied: &Studied, module: &str, coroutines: Coroutines) -> Skeleton {
    let whole = Study::of("", text, &super::study::Meant::All { nested: true });
    let source = Source::parse(text);
    tests_of::skeleton(
        whole.ok().as_ref(),
        &source,
        &studied.facts,
        module,
        coroutines,
    )
}

/// The dotted name that a file is imported under, where no project says it.
///
/// # Errors
/// Where there is none.
pub fn module_of(path: &str) -> Result<String, Refusal> {
    let stem = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.strip_suffix(".py").unwrap_or(stem);
    let is_identifier = !stem.is_empty()
        && !stem.starts_with(|c: char| c.is_ascii_digit())
        && stem.chars().all(|c| c.is_alphanumeric() || c == '_');
    match is_identifier {
        true => Ok(stem.to_owned()),
        false => Err(Refusal::NoModule {
            path: path.to_owned(),
        }),
    }
}
