//! What the names that the open file imports stand for: signatures and the heads of docstrings, of
//! those that are used near the cursor.

use grammars::tree_sitter::Node;

use super::{Ask, Item};
use crate::project::Project;
use crate::project::lookup::{Entity, From};
use crate::project::symbols::{Class, Function, Module, Symbol};
use crate::syntax::names::{How, Import, bindings};

/// Names that are shown at most, nearest to the cursor first.
const N_NAMES: usize = 6;

/// Methods of a class that are shown at most: those used near the cursor first, then `__init__`,
/// then by name.
const N_METHODS: usize = 8;

/// The imported names among the words before the cursor, each as a stub.
pub(super) fn find(ask: &Ask<'_>) -> Vec<Item> {
    let (Some(project), Some(tree)) = (&ask.surroundings.project, &ask.snapshot.tree) else {
        return Vec::new();
    };
    let text = ask.snapshot.text.to_string();
    let root: Node<'_> = tree.root_node();
    let bound = bindings(root, &text);
    let path = ask.snapshot.path.as_str();
    let mut items = Vec::new();
    for word in &ask.query.0 {
        let mut imports = bound
            .of(word)
            .iter()
            .filter_map(|binding| match binding.how {
                How::Import(import) => Some(import),
                _ => None,
            });
        let Some(import) = imports.next_back() else {
            continue;
        };
        let Some(entity) = project.import(import, From::File(path)).entity() else {
            continue;
        };
        let Some(stub) = stub(project, word, &entity, &ask.query.0) else {
            continue;
        };
        items.push(Item {
            path: path_of(import, path, &entity),
            text: stub,
            weight: 1.0 / (items.len() + 1) as f32,
        });
        if items.len() == N_NAMES {
            break;
        }
    }
    items
}

/// What stands for an entity; `None` where nothing of use is known.
fn stub(project: &Project, name: &str, entity: &Entity, words: &[String]) -> Option<String> {
    match entity {
        Entity::Function(function) => Some(function_stub(function, "")),
        Entity::Class(class, _) => Some(class_stub(class, words)),
        Entity::Module(module) => module_stub(project, name, module, words),
        Entity::Value => None,
    }
}

fn function_stub(function: &Function, indent: &str) -> String {
    let doc = function.doc.as_deref().map(|doc| format!("  # {doc}"));
    let signature = function.signature.trim_end_matches(':');
    format!("{indent}{signature}: ...{}\n", doc.unwrap_or_default())
}

fn class_stub(class: &Class, words: &[String]) -> String {
    let bases = match class.bases.is_empty() {
        true => String::new(),
        false => format!("({})", class.bases.join(", ")),
    };
    let mut stub = format!("class {}{bases}:\n", class.name);
    if let Some(doc) = &class.doc {
        stub.push_str(&format!("    \"\"\"{doc}\"\"\"\n"));
    }
    let mut methods: Vec<(&str, &Function)> = class
        .members
        .iter()
        .filter_map(|(name, symbol)| match symbol {
            Symbol::Function(function) => Some((&**name, &**function)),
            _ => None,
        })
        .collect();
    let is_used = |name: &str| words.iter().any(|word| word == name);
    methods.retain(|(name, _)| !name.starts_with('_') || *name == "__init__" || is_used(name));
    methods.sort_by_key(|(name, _)| (!is_used(name), *name != "__init__", *name));
    for (_, function) in methods.into_iter().take(N_METHODS) {
        stub.push_str(&function_stub(function, "    "));
    }
    stub
}

/// Of a module only what is used near the cursor.
fn module_stub(
    project: &Project,
    name: &str,
    module: &std::sync::Arc<Module>,
    words: &[String],
) -> Option<String> {
    let used = words.iter().filter(|word| *word != name);
    let known = used.filter(|word| module.symbols.contains_key(word.as_str()));
    let stubs: Vec<String> = known
        .filter_map(|word| {
            let entity = project.member(module, word).entity()?;
            match entity {
                Entity::Module(_) => None,
                entity => stub(project, word, &entity, words),
            }
        })
        .take(N_NAMES)
        .collect();
    (!stubs.is_empty()).then(|| stubs.concat())
}

/// The path of the file that an import names, as it is written there.
fn path_of(import: Import<'_>, own: &str, entity: &Entity) -> String {
    let mut folder: Vec<&str> = match import.level {
        0 => Vec::new(),
        level => {
            let parts: Vec<&str> = own.split('/').collect();
            parts[..parts.len().saturating_sub(level)].to_vec()
        }
    };
    folder.extend(import.module.split('.').filter(|part| !part.is_empty()));
    if let (Entity::Module(_), Some(name)) = (entity, import.name) {
        folder.push(name);
    }
    format!("{}.py", folder.join("/"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::completion::Surroundings;
    use crate::completion::context::Query;
    use crate::project::{Limits, fixture};
    use crate::session::Snapshot;

    /// Files as `//- path` lines; the open one has the cursor `$0`.
    #[track_caller]
    fn check(files: &str, expected: Expect) {
        let dir = fixture::folder(&files.replace("$0", ""));
        let project = Arc::new(Project::read(dir.path(), Limits::default()));
        let open = files
            .split("//- ")
            .find(|file| file.contains("$0"))
            .expect("a file has the cursor");
        let (path, text) = open.split_once('\n').expect("a path line ends");
        let offset = text.find("$0").expect("it has the cursor");
        let snapshot = Snapshot::of(path, &text.replace("$0", ""));
        let ask = Ask {
            offset: 0,
            window: 0..snapshot.text.len_bytes(),
            query: Query::at(&snapshot.text, offset),
            surroundings: &Surroundings {
                project: Some(project),
                ..Surroundings::default()
            },
            snapshot: &snapshot,
        };
        let shown: Vec<String> = find(&ask)
            .iter()
            .map(|item| format!("{}\n{}", item.path, item.text))
            .collect();
        expected.assert_eq(&shown.concat());
    }

    #[test]
    fn imported_names_near_the_cursor_are_shown_as_stubs() {
        check(
            "//- shop/store.py\nclass Store(Base):\n    \"\"\"Keeps things.\n\n    Long.\n    \"\"\"\n    def __init__(self, path):\n        pass\n    def take(self, key: str, *, default=None) -> int:\n        \"\"\"Takes one.\"\"\"\n    def _open(self): pass\n\ndef connect(url, timeout=3):\n    pass\n\ndef unused(): pass\n\
             //- shop/money.py\ndef round_up(amount): \"\"\"To whole coins.\"\"\"\n\
             //- shop/main.py\nfrom .store import Store, connect, unused\nfrom shop import money\nimport os\n\nstore = Store(connect('x'))\nprice = money.round_up(store.take($0))\n",
            expect![[r#"
                shop/money.py
                def round_up(amount): ...  # To whole coins.
                shop/store.py
                def connect(url, timeout=3): ...
                shop/store.py
                class Store(Base):
                    """Keeps things."""
                    def take(self, key: str, *, default=None) -> int: ...  # Takes one.
                    def __init__(self, path): ...
                shop/store.py
                def unused(): ...
            "#]],
        );
    }
}
