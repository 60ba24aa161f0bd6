//! From the name of a module to its summary, as Python would find it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Shared;
use super::environment::Environment;
use super::place::{Folder, Place, join, parent};
use super::symbols::Module;
use super::{builtins, files};

/// Module summaries read so far, and what folders outside the project hold.
#[derive(Debug, Default)]
pub(super) struct Modules(Mutex<Cache>);

#[derive(Debug, Default)]
struct Cache {
    modules: HashMap<Place, (Stamp, Arc<Module>)>,
    n_bytes: usize,
    listings: HashMap<Arc<Path>, Arc<HashSet<Box<str>>>>,
}

/// Tells one state of a module's text from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    /// Edits of the open document so far.
    Open(u64),
    /// Time and size of the file.
    File(SystemTime, u64),
    /// It does not change while the environment is what it is.
    Fixed,
}

/// Folders outside the project whose listings are remembered, at most.
const MAX_LISTINGS: usize = 4096;

/// Text of one file outside the project, at most; larger ones are taken as compiled.
const MAX_OUTSIDE: u64 = 2_000_000;

impl Modules {
    /// Bytes of all summaries in memory, estimated, and how many there are.
    pub(super) fn n_bytes(&self) -> (usize, usize) {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (cache.n_bytes, cache.modules.len())
    }

    /// Forgets what lies outside the project: the environment has changed.
    pub(super) fn forget_outside(&self) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.listings.clear();
        cache
            .modules
            .retain(|place, _| matches!(place, Place::Project(_)));
        cache.n_bytes = cache
            .modules
            .values()
            .map(|(_, module)| module.n_bytes())
            .sum();
    }

    fn listing(&self, folder: &Arc<Path>) -> Arc<HashSet<Box<str>>> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = cache.listings.get(folder) {
            return Arc::clone(listing);
        }
        let names = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.into()));
        let listing: Arc<HashSet<Box<str>>> = Arc::new(names.collect());
        if cache.listings.len() >= MAX_LISTINGS {
            cache.listings.clear();
        }
        cache
            .listings
            .insert(Arc::clone(folder), Arc::clone(&listing));
        listing
    }
}

impl Shared {
    /// The module at a place.
    pub(super) fn module_at(&self, place: &Place, name: &str) -> Arc<Module> {
        let stamp = self.stamp(place);
        {
            let cache = self
                .modules
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some((at, module)) = cache.modules.get(place)
                && *at == stamp
            {
                return Arc::clone(module);
            }
        }
        // Read without the lock: others go on meanwhile, and two may read the same file once.
        let module = Arc::new(self.read_module(place, name));
        let mut cache = self
            .modules
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if cache.n_bytes > self.limits.module_bytes {
            cache.modules.clear();
            cache.n_bytes = 0;
        }
        cache.n_bytes += module.n_bytes();
        let entry = (stamp, Arc::clone(&module));
        if let Some((_, before)) = cache.modules.insert(place.clone(), entry) {
            cache.n_bytes -= before.n_bytes();
        }
        module
    }

    fn stamp(&self, place: &Place) -> Stamp {
        let Place::Project(path) = place else {
            return Stamp::Fixed;
        };
        if let Some(edits) = self.edits(path) {
            return Stamp::Open(edits);
        }
        match self.files().get(path) {
            Some(file) => Stamp::File(file.modified, file.n_bytes),
            None => Stamp::Fixed,
        }
    }

    fn read_module(&self, place: &Place, name: &str) -> Module {
        let (text, folder, file) = match place {
            Place::Table(name) => return builtins::module(name),
            Place::Compiled => (None, None, String::new()),
            Place::Namespace(folder) => {
                // Other parts of it may lie anywhere.
                return Module {
                    name: name.into(),
                    folder: Some(folder.clone()),
                    is_open: true,
                    is_package: true,
                    ..Module::default()
                };
            }
            Place::Project(path) => {
                let folder = Folder::Project(parent(path).into());
                (self.text(path), Some(folder), path.to_string())
            }
            Place::Disk(path) => {
                let folder = path.parent().map(|folder| Folder::Disk(folder.into()));
                let file = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                (files::read(path, MAX_OUTSIDE), folder, file)
            }
        };
        let mut module = match &text {
            Some(text) => Module::of(text),
            None => Module {
                is_open: true,
                ..Module::default()
            },
        };
        module.name = match place {
            Place::Project(path) => self.dotted_name(path).into(),
            _ => name.into(),
        };
        module.folder = folder;
        let stem = file.rsplit('/').next().unwrap_or_default();
        module.is_package = matches!(stem, "__init__.py" | "__init__.pyi");
        module
    }

    /// The module or package of this name in a folder.
    pub(super) fn find_in(&self, folder: &Folder, name: &str) -> Option<Place> {
        match folder {
            Folder::Project(path) => self.find_in_project(path, name),
            Folder::Disk(path) => self.find_on_disk(path, name),
        }
    }

    fn find_in_project(&self, folder: &str, name: &str) -> Option<Place> {
        let files = self.files();
        let stem = join(folder, name);
        for ending in ["/__init__.pyi", "/__init__.py", ".pyi", ".py"] {
            let path = format!("{stem}{ending}");
            if let Some(file) = files.get(&path) {
                return Some(Place::Project(Arc::clone(&file.path)));
            }
            // A new document need not be on disk yet.
            if self.edits(&path).is_some() {
                return Some(Place::Project(path.into()));
            }
        }
        if files.has_below(&format!("{stem}/")) {
            return Some(Place::Namespace(Folder::Project(stem.into())));
        }
        // Code that is made or built is often ignored by git, and there all the same.
        let outside: Arc<Path> = self.root.join(folder).into();
        self.find_on_disk(&outside, name)
    }

    fn find_on_disk(&self, folder: &Arc<Path>, name: &str) -> Option<Place> {
        let listing = self.modules.listing(folder);
        let stubs = format!("{name}-stubs");
        for package in [stubs.as_str(), name] {
            if !listing.contains(package) {
                continue;
            }
            let inside: Arc<Path> = folder.join(package).into();
            let names = self.modules.listing(&inside);
            for init in ["__init__.pyi", "__init__.py"] {
                if names.contains(init) {
                    return Some(Place::Disk(inside.join(init).into()));
                }
            }
            let is_namespace = package == name && names.iter().any(|name| !name.starts_with('.'));
            if is_namespace && inside.is_dir() {
                return Some(Place::Namespace(Folder::Disk(inside)));
            }
        }
        for ending in [".pyi", ".py"] {
            let file = format!("{name}{ending}");
            if listing.contains(file.as_str()) {
                return Some(Place::Disk(folder.join(file).into()));
            }
        }
        let is_compiled = |file: &str| {
            let rest = file.strip_prefix(name).unwrap_or_default();
            rest.starts_with('.')
                && [".so", ".pyd", ".dll", ".pyx"]
                    .iter()
                    .any(|end| rest.ends_with(end))
        };
        listing
            .iter()
            .any(|file| is_compiled(file))
            .then_some(Place::Compiled)
    }

    /// The folder of modules below a module's place.
    pub(super) fn inside(place: &Place) -> Option<Folder> {
        match place {
            Place::Namespace(folder) => Some(folder.clone()),
            Place::Project(path) if is_init(path) => Some(Folder::Project(parent(path).into())),
            Place::Disk(path) if is_init(&path.to_string_lossy()) => {
                Some(Folder::Disk(path.parent()?.into()))
            }
            _ => None,
        }
    }

    /// A dotted name below a folder.
    pub(super) fn find_dotted(&self, folder: &Folder, dotted: &str) -> Option<Place> {
        let mut folder = folder.clone();
        let mut names = dotted.split('.').peekable();
        while let Some(name) = names.next() {
            let place = self.find_in(&folder, name)?;
            if names.peek().is_none() {
                return Some(place);
            }
            folder = Self::inside(&place)?;
        }
        None
    }

    /// The folder that absolute imports of a file of the project start from: the first around it
    /// that is no package.
    pub(super) fn import_root(&self, path: &str) -> Folder {
        let files = self.files();
        let mut folder = parent(path);
        let is_package = |folder: &str| {
            ["__init__.py", "__init__.pyi"]
                .iter()
                .any(|init| files.get(&join(folder, init)).is_some())
        };
        while !folder.is_empty() && is_package(folder) {
            folder = parent(folder);
        }
        Folder::Project(folder.into())
    }

    /// An absolute import, asked for from a folder of the project. Python looks where the program
    /// lies, then in its own library, then among what is installed.
    pub(super) fn find_absolute(&self, from: Option<&Folder>, dotted: &str) -> Option<Place> {
        let first = dotted.split('.').next().unwrap_or_default();
        let environment = self.environment();
        let mut folders: Vec<Folder> = from.into_iter().cloned().collect();
        let library = environment.library.clone().map(Folder::Disk);
        folders.extend(library.clone());
        folders.extend(["", "src", "lib"].map(|folder| Folder::Project(folder.into())));
        folders.extend(self.files().roots().iter().cloned().map(Folder::Project));
        folders.extend(environment.packages.iter().cloned().map(Folder::Disk));
        if let Some(library) = &environment.library {
            folders.push(Folder::Disk(library.join("lib-dynload").into()));
        }
        let mut namespace = None;
        for folder in &folders {
            // Inside the standard library only: `time.py` in a project is the project's.
            if Some(folder) == library.as_ref()
                && let Some(name) = builtins::find(dotted)
                && self.find_in(folder, first).is_none()
            {
                return Some(Place::Table(name));
            }
            match self.find_in(folder, first) {
                None => {}
                // A folder of the name without `__init__.py` gives way to a package.
                Some(Place::Namespace(_)) => {
                    namespace = namespace.or_else(|| self.find_dotted(folder, dotted));
                }
                Some(_) => return self.find_dotted(folder, dotted),
            }
        }
        namespace.or_else(|| builtins::find(dotted).map(Place::Table))
    }

    /// Looks at the environment again; where it has changed, what was read of it is forgotten.
    /// Nothing is done before it was first needed.
    pub(super) fn refresh_environment(&self) {
        let lock = || {
            self.environment
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let Some((_, stamp)) = lock().clone() else {
            return;
        };
        let found = self.find_environment();
        let now = found.stamp();
        if now != stamp {
            *lock() = Some((Arc::new(found), now));
            self.modules.forget_outside();
        }
    }

    fn find_environment(&self) -> Environment {
        let given = self.environment_given.as_deref();
        Environment::find(&self.root, given, |name| std::env::var_os(name))
    }

    /// The environment, looked for when it is first needed.
    pub(super) fn environment(&self) -> Arc<Environment> {
        let mut environment = self
            .environment
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (found, _) = environment.get_or_insert_with(|| {
            let found = self.find_environment();
            let stamp = found.stamp();
            (Arc::new(found), stamp)
        });
        Arc::clone(found)
    }
}

fn is_init(path: &str) -> bool {
    path.ends_with("__init__.py") || path.ends_with("__init__.pyi")
}
