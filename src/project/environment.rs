//! The Python environment that the project runs in, found by looking at files alone: no Python
//! is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Where installed modules and the standard library lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The environment's own folder; `None` where there is only a system Python.
    pub root: Option<PathBuf>,
    /// Folders of installed packages, and those that `.pth` files add.
    pub packages: Vec<Arc<Path>>,
    /// The standard library.
    pub library: Option<Arc<Path>>,
}

/// Folders, and when something was put into or taken out of each.
pub(super) type Stamp = Vec<(Arc<Path>, Option<SystemTime>)>;

/// Lines read of one `.pth` file, at most.
const MAX_PTH_LINES: usize = 200;

impl Environment {
    /// Finds the environment of a project: the one given, else the active one, else the one in
    /// the project's folder. Without any the standard library of a Python on the path is taken,
    /// and no installed packages.
    ///
    /// `variable` reads an environment variable.
    pub fn find(
        project: &Path,
        given: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Environment {
        let active = ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .iter()
            .filter_map(|name| variable(name));
        let mut candidates: Vec<PathBuf> =
            given.map(|path| project.join(path)).into_iter().collect();
        // An environment inside the project is meant for it; an active one may be left over from
        // the shell that the editor was started in.
        let own = [".venv", "venv", "env", ".env", ".conda"];
        candidates.extend(own.iter().map(|name| project.join(name)));
        // PEP 582, and hatch's and tox's folders inside a project.
        candidates.extend(folders(&project.join(".hatch")));
        candidates.extend(folders(&project.join(".pixi/envs")));
        candidates.extend(active.map(PathBuf::from));
        let mut environment = candidates
            .iter()
            .find_map(|candidate| Environment::at(candidate))
            .unwrap_or_default();
        for version in folders(&project.join("__pypackages__")) {
            environment.add(&version.join("lib"));
        }
        if environment.library.is_none() {
            environment.library = system_library(&variable);
        }
        environment
    }

    /// The environment in a folder, if one is there.
    fn at(root: &Path) -> Option<Environment> {
        let site = site_packages(root)?;
        let mut environment = Environment {
            root: Some(root.to_owned()),
            library: library_of(root, &site),
            ..Environment::default()
        };
        let config = std::fs::read_to_string(root.join("pyvenv.cfg")).unwrap_or_default();
        environment.add(&site);
        // `lib64` is a folder of its own on some systems.
        let lib64 = root.join("lib64");
        if lib64.symlink_metadata().is_ok_and(|data| data.is_dir())
            && let Some(site) = python_folders(&lib64).first()
        {
            environment.add(&site.join("site-packages"));
        }
        let sees_system = setting(&config, "include-system-site-packages") == Some("true");
        if sees_system && let Some(library) = environment.library.clone() {
            environment.add(&library.join("site-packages"));
        }
        Some(environment)
    }

    /// Tells one state of the environment from another: its folders, and when something was put
    /// into or taken out of them.
    pub(super) fn stamp(&self) -> Stamp {
        let time = |folder: &Arc<Path>| {
            let modified = std::fs::metadata(folder).and_then(|data| data.modified());
            (Arc::clone(folder), modified.ok())
        };
        self.packages
            .iter()
            .chain(&self.library)
            .map(time)
            .collect()
    }

    /// Adds a folder of packages and what its `.pth` files name.
    fn add(&mut self, folder: &Path) {
        if !folder.is_dir() || self.packages.iter().any(|known| &**known == folder) {
            return;
        }
        self.packages.push(folder.into());
        let mut files: Vec<PathBuf> = entries(folder)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "pth"))
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            for line in text.lines().take(MAX_PTH_LINES) {
                // Lines of code are Python's to run and not ours.
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') || line.starts_with("import") {
                    continue;
                }
                let added = folder.join(line);
                if added.is_dir() && !self.packages.iter().any(|known| **known == *added) {
                    self.packages.push(added.into());
                }
            }
        }
    }

    /// The version of a distribution that is installed, read from its `METADATA`.
    pub fn version_of(&self, distribution: &str) -> Option<String> {
        let wanted = normal(distribution);
        let infos = self.packages.iter().flat_map(|folder| entries(folder));
        let mut matching = infos.filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = name.strip_suffix(".dist-info").unwrap_or_default();
            stem.split('-')
                .next()
                .is_some_and(|name| normal(name) == wanted)
        });
        let metadata = std::fs::read_to_string(matching.next()?.join("METADATA")).ok()?;
        let version = metadata
            .lines()
            .find_map(|line| line.strip_prefix("Version:"))?;
        Some(version.trim().to_owned())
    }
}

/// A distribution's name as PEP 503 compares it.
fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// The `site-packages` of an environment: by the layout of Unix, of Windows.
fn site_packages(root: &Path) -> Option<PathBuf> {
    let unix = python_folders(&root.join("lib"));
    let windows = root.join("Lib/site-packages");
    unix.into_iter()
        .map(|folder| folder.join("site-packages"))
        .chain([windows])
        .find(|site| site.is_dir())
}

/// Folders named `python3.12` and so on, the newest first.
fn python_folders(lib: &Path) -> Vec<PathBuf> {
    let version = |path: &PathBuf| -> Option<(u32, u32)> {
        let name = path.file_name()?.to_str()?.strip_prefix("python")?;
        let (major, minor) = name.split_once('.')?;
        Some((
            major.parse().ok()?,
            minor.trim_end_matches('t').parse().ok()?,
        ))
    };
    let mut found: Vec<PathBuf> = entries(lib);
    found.retain(|path| version(path).is_some());
    found.sort_by_key(|path| std::cmp::Reverse(version(path)));
    found
}

/// The standard library of an environment: its own for conda, else that of the Python it was made
/// from, which `pyvenv.cfg` names.
fn library_of(root: &Path, site: &Path) -> Option<Arc<Path>> {
    let own = site.parent()?;
    if own.join("os.py").is_file() {
        return Some(own.into());
    }
    let config = std::fs::read_to_string(root.join("pyvenv.cfg")).ok()?;
    let home = PathBuf::from(setting(&config, "home")?);
    let version = setting(&config, "version").or(setting(&config, "version_info"));
    library_near(&home, version)
}

/// The standard library that belongs to a `bin` folder.
fn library_near(bin: &Path, version: Option<&str>) -> Option<Arc<Path>> {
    let prefix = bin.parent()?;
    let major_minor = version.map(|version| {
        let parts: Vec<&str> = version.split('.').take(2).collect();
        format!("python{}", parts.join("."))
    });
    let named = major_minor.map(|name| prefix.join("lib").join(name));
    let found = named.into_iter().chain(python_folders(&prefix.join("lib")));
    // Windows keeps it beside the interpreter.
    found
        .chain([bin.join("Lib")])
        .find(|library| library.join("os.py").is_file())
        .map(Into::into)
}

/// The library of the first Python on the path, else in a well-known place.
fn system_library(variable: &impl Fn(&str) -> Option<OsString>) -> Option<Arc<Path>> {
    let path = variable("PATH").unwrap_or_default();
    let mut bins = Vec::new();
    for folder in std::env::split_paths(&path) {
        let python = folder.join("python3");
        // The link leads to where the library is.
        if let Ok(python) = python.canonicalize() {
            bins.extend(python.parent().map(Path::to_owned));
        }
    }
    bins.extend(["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    // pyenv puts scripts on the path; its versions lie elsewhere.
    let pyenv = variable("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".pyenv")));
    if let Some(pyenv) = pyenv {
        let chosen = std::fs::read_to_string(pyenv.join("version")).unwrap_or_default();
        let chosen = chosen.lines().next().unwrap_or_default().trim().to_owned();
        bins.push(pyenv.join("versions").join(chosen).join("bin"));
    }
    bins.iter().find_map(|bin| library_near(bin, None))
}

/// The value of a key in `pyvenv.cfg`.
fn setting<'t>(config: &'t str, key: &str) -> Option<&'t str> {
    config.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then_some(value.trim())
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

/// Folders in a folder, in order.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(folder)
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::fixture::folder;
    use super::*;

    /// Variables are `NAME=value` words; `/` at the start of a value is the fixture's folder.
    #[track_caller]
    fn check(fixture: &str, given: Option<&str>, variables: &str, expected: Expect) {
        let dir = folder(fixture);
        let variable = |name: &str| {
            let value = variables
                .split(' ')
                .find_map(|word| word.strip_prefix(&format!("{name}=")));
            value.map(|value| match value.strip_prefix('/') {
                Some(inside) => dir.path().join(inside).into_os_string(),
                None => value.into(),
            })
        };
        let project = dir.path().join("project");
        let found = Environment::find(&project, given.map(Path::new), variable);
        let inside = |path: &Path| match path.strip_prefix(dir.path()) {
            Ok(path) => path.display().to_string(),
            Err(_) => "outside".to_owned(),
        };
        let mut lines = vec![format!(
            "library {}",
            found.library.as_deref().map_or("none".to_owned(), inside)
        )];
        lines.extend(found.packages.iter().map(|path| inside(path)));
        expected.assert_eq(&lines.join("\n"));
    }

    const PYTHON: &str = "//- python/lib/python3.12/os.py\n//- python/bin/python3\n";

    #[test]
    fn the_environment_in_the_project_is_found_with_the_library_it_was_made_from() {
        let venv = "//- project/.venv/pyvenv.cfg\nhome = HOME\nversion = 3.12.1\n\
                    //- project/.venv/lib/python3.12/site-packages/a.py\n";
        let dir = folder(&format!("{PYTHON}{venv}"));
        let home = dir.path().join("python/bin").display().to_string();
        let config = dir.path().join("project/.venv/pyvenv.cfg");
        std::fs::write(&config, format!("home = {home}\nversion = 3.12.1\n")).expect("writable");
        let found = Environment::find(&dir.path().join("project"), None, |_| None);
        assert_eq!(
            found.library.as_deref(),
            Some(&*dir.path().join("python/lib/python3.12"))
        );
        assert_eq!(found.packages.len(), 1);
    }

    #[test]
    fn an_active_environment_counts_where_the_project_has_none() {
        check(
            "//- conda/lib/python3.11/site-packages/a.py\n//- conda/lib/python3.11/os.py\n//- project/x.py\n",
            None,
            "CONDA_PREFIX=/conda",
            expect![[r#"
                library conda/lib/python3.11
                conda/lib/python3.11/site-packages"#]],
        );
    }

    #[test]
    fn the_option_wins_and_pth_files_add_folders() {
        check(
            "//- project/.venv/lib/python3.11/site-packages/a.py\n//- project/other/lib/python3.11/os.py\n\
             //- project/other/lib/python3.11/site-packages/x.pth\n# note\nimport evil\n../../../../src\nnowhere\n\
             //- project/src/b.py\n",
            Some("other"),
            "",
            expect![[r#"
                library project/other/lib/python3.11
                project/other/lib/python3.11/site-packages
                project/other/lib/python3.11/site-packages/../../../../src"#]],
        );
    }

    #[test]
    fn the_version_installed_is_read_from_the_metadata() {
        let dir = folder(
            "//- .venv/lib/python3.11/site-packages/My_Pkg-2.1.dist-info/METADATA\nName: My-Pkg\nVersion: 2.1\n",
        );
        let found = Environment::find(dir.path(), None, |_| None);
        assert_eq!(found.version_of("my.pkg").as_deref(), Some("2.1"));
        assert_eq!(found.version_of("my"), None);
    }
}
