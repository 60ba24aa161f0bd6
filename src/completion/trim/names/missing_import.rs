//! The one import that would bring a missing name.

use grammars::tree_sitter::Node;
use serde::Serialize;

use super::{Around, Kind, Unknown};
use crate::project::Project;
use crate::project::lookup::{Entity, Found, From};
use crate::syntax::import_block::{Origin, add_import};
use crate::syntax::names::Import;

/// An import that a completion needs and the document has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingImport {
    /// The name it brings.
    pub name: String,
    /// The statement, on one line.
    pub statement: String,
}

/// Names that everybody gives to these modules.
const ALIASES: [(&str, &str); 8] = [
    ("np", "numpy"),
    ("pd", "pandas"),
    ("plt", "matplotlib.pyplot"),
    ("sns", "seaborn"),
    ("tf", "tensorflow"),
    ("nx", "networkx"),
    ("xr", "xarray"),
    ("jnp", "jax.numpy"),
];

/// The import that would bring all that is missing, if exactly one would: a module under its own
/// name or the name everybody gives it, or a function or class that one file of the project alone
/// defines. `uses` are the nodes of the missing names.
pub(super) fn find(
    unknown: &[Unknown],
    uses: &[Node<'_>],
    text: &str,
    around: Around<'_>,
) -> Option<MissingImport> {
    let project = around.surroundings.project.as_deref()?;
    let name = &unknown.first()?.name;
    if unknown
        .iter()
        .any(|one| one.kind != Kind::Name || one.name != *name)
    {
        return None;
    }
    // `name.attribute` may mean a module, a lone name hardly ever does.
    let attributes: Vec<&str> = uses
        .iter()
        .filter_map(|node| attribute_of(*node, text))
        .collect();
    let is_module = attributes.len() == uses.len();
    let statement = match ALIASES.iter().find(|(alias, _)| alias == name) {
        Some((alias, module)) if is_module => {
            project.module(module)?;
            format!("import {module} as {alias}")
        }
        _ => match module(project, name, &attributes, around).filter(|_| is_module) {
            Some(statement) => statement,
            None => from_project(project, name, around)?,
        },
    };
    Some(MissingImport {
        name: name.clone(),
        statement,
    })
}

fn attribute_of<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let parent = node
        .parent()
        .filter(|parent| parent.kind() == "attribute")?;
    let is_object = parent.child_by_field_name("object") == Some(node);
    let attribute = parent
        .child_by_field_name("attribute")
        .filter(|_| is_object)?;
    text.get(attribute.byte_range())
}

/// `import name`, where such a module is there and has these attributes.
fn module(
    project: &Project,
    name: &str,
    attributes: &[&str],
    around: Around<'_>,
) -> Option<String> {
    let import = Import {
        level: 0,
        module: name,
        name: None,
    };
    let found = project.import(import, From::File(&around.snapshot.path));
    let Found::Is(Entity::Module(module)) = found else {
        return None;
    };
    let has = |attribute: &&str| matches!(project.member(&module, attribute), Found::Is(_));
    attributes.iter().all(has).then(|| format!("import {name}"))
}

/// `from module import name`, where one file of the project alone defines it.
fn from_project(project: &Project, name: &str, around: Around<'_>) -> Option<String> {
    let path = project.defined_in(name)?;
    let here = around.snapshot.path.as_str();
    if *path == *here {
        return None;
    }
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned()
    };
    let module = project.name_of(&path, here)?;
    // Who imports from beside with a dot goes on to do so.
    let is_beside = folder(&path) == folder(here) && !path.ends_with("__init__.py");
    let has_dots = around
        .snapshot
        .text
        .lines()
        .take(200)
        .any(|line| line.as_str().is_some_and(|line| line.starts_with("from .")));
    let (level, module) = match is_beside && has_dots {
        true => (1, module.rsplit('.').next().unwrap_or_default().to_owned()),
        false => (0, module),
    };
    let import = Import {
        level,
        module: &module,
        name: Some(name),
    };
    // The index goes by lines; this reads the module itself.
    let found = project.import(import, From::File(here));
    let is_there = matches!(found, Found::Is(Entity::Class(..) | Entity::Function(_)));
    is_there.then(|| format!("from {}{module} import {name}", ".".repeat(level)))
}

impl MissingImport {
    /// The edit that adds it to a document: the byte range to replace, and the text. `None` where
    /// it stands there already.
    pub fn edit(&self, around: Around<'_>) -> Option<(std::ops::Range<usize>, String)> {
        let tree = around.snapshot.tree.as_ref()?;
        let project = around.surroundings.project.as_deref();
        let origin = |module: &str| match project {
            _ if module == "__future__" => Origin::Future,
            _ if module.starts_with('.') => Origin::Project,
            Some(project) => project.origin(module, &around.snapshot.path),
            None => Origin::Installed,
        };
        let text = around.snapshot.text.to_string();
        add_import(tree, &text, &self.statement, origin)
    }
}
