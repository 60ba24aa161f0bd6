//! `data-filter` as a command, on repositories made with `git`, each test in its own folder.

mod bad_input;
mod cat;
mod folder;
mod run;
