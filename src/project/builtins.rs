//! Python's builtins and compiled modules: the names that no source file on disk could tell.
//!
//! The table is written by `tests/setup/builtin-names`, which asks several versions of Python.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::symbols::{Class, Module, Symbol};

static TABLE: &str = include_str!("builtins.txt");

/// Lines of the table by module, or by `module.Class`.
static LINES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect()
});

/// The table's own spelling of a compiled module's name, if it is in the table.
pub(super) fn find(name: &str) -> Option<&'static str> {
    LINES
        .get_key_value(name)
        .map(|(name, _)| *name)
        .filter(|name| !name.contains('.'))
}

/// A compiled module, summed up. Its classes have their members, inherited ones included.
pub(super) fn module(name: &str) -> Module {
    let names = LINES.get(name).copied().unwrap_or_default();
    let symbol = |one: &str| match LINES.get(format!("{name}.{one}").as_str()) {
        None => Symbol::Value(None),
        Some(members) => Symbol::Class(Arc::new(Class {
            name: one.into(),
            members: members
                .split(' ')
                .map(|member| (member.into(), Symbol::Value(None)))
                .collect(),
            ..Class::default()
        })),
    };
    Module {
        name: name.into(),
        symbols: names
            .split(' ')
            .map(|one| (one.into(), symbol(one)))
            .collect(),
        ..Module::default()
    }
}

/// Names that every module has without binding them.
const OF_MODULES: [&str; 12] = [
    "__file__",
    "__name__",
    "__doc__",
    "__path__",
    "__spec__",
    "__loader__",
    "__package__",
    "__builtins__",
    "__annotations__",
    "__dict__",
    "__class__",
    "__debug__",
];

/// Names in a class body that nobody binds.
const OF_CLASSES: [&str; 2] = ["__module__", "__qualname__"];

/// Whether a name is known everywhere without being bound anywhere.
pub fn is_builtin(name: &str) -> bool {
    static NAMES: LazyLock<std::collections::HashSet<&str>> = LazyLock::new(|| {
        let names = LINES
            .get("builtins")
            .copied()
            .unwrap_or_default()
            .split(' ');
        names
            .chain(OF_MODULES)
            .chain(OF_CLASSES)
            .chain(["WindowsError"])
            .collect()
    });
    NAMES.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_and_compiled_modules_are_known() {
        assert!(is_builtin("print") && is_builtin("__file__") && is_builtin("ExceptionGroup"));
        assert!(!is_builtin("prnt") && !is_builtin("unicode") && !is_builtin(""));
        assert!(module("sys").symbols.contains_key("argv"));
        let Some(Symbol::Class(dict)) = module("builtins").symbols.get("dict").cloned() else {
            panic!("dict is a class");
        };
        assert!(dict.members.contains_key("setdefault"));
        assert_eq!(find("time"), Some("time"));
        assert_eq!(find("builtins.dict"), None);
    }
}
