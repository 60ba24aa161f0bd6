//! The settings of VS Code and the options of the server are the same.

use std::collections::BTreeSet;

use midfill::config::{self, Config};
use serde_json::{Map, Value};

/// Options without a setting of their own, for experiments rather than for people.
/// `midfill.server.options` takes them all the same.
const WITHOUT_SETTING: &[&str] = &[
    "cleanUp", "healing", "minScore", "order", "shift", "with", "without",
];

/// The settings, without `midfill.`, and their schemas.
fn settings() -> Map<String, Value> {
    let manifest: Value = serde_json::from_str(include_str!("../editors/vscode/package.json"))
        .expect("the manifest is JSON");
    let groups = manifest["contributes"]["configuration"]
        .as_array()
        .expect("settings come in groups");
    let settings = groups
        .iter()
        .flat_map(|group| group["properties"].as_object().expect("by name"));
    settings
        .map(|(name, schema)| {
            let name = name.strip_prefix("midfill.").expect("all are ours");
            (name.to_owned(), schema.clone())
        })
        .collect()
}

/// Those with a dot in their names are the editor's own business.
fn is_option(name: &str) -> bool {
    !name.contains('.')
}

#[test]
fn every_option_has_a_setting_and_every_setting_an_option() {
    let settings = settings();
    let names: BTreeSet<&str> = settings.keys().map(String::as_str).collect();
    let offered: BTreeSet<&str> = names.into_iter().filter(|name| is_option(name)).collect();
    let without: BTreeSet<&str> = WITHOUT_SETTING.iter().copied().collect();
    assert!(offered.is_disjoint(&without));
    let all: BTreeSet<&str> = offered.union(&without).copied().collect();
    assert_eq!(all, config::option_names().collect());
}

#[test]
fn the_defaults_that_the_settings_show_are_those_of_the_server() {
    let is_empty = |value: &Value| value.is_null() || value == "";
    let defaults: Map<String, Value> = settings()
        .into_iter()
        .map(|(name, schema)| (name, schema["default"].clone()))
        // What is empty is not sent.
        .filter(|(name, value)| is_option(name) && !is_empty(value))
        .collect();
    assert!(defaults.len() > 15, "{defaults:?}");
    let (mut config, problems) = config::from_options(&Value::Object(defaults));
    assert_eq!(problems, [""; 0]);
    // Not said is yes, too.
    assert_eq!(config.model.snapshots.take(), Some(true));
    assert_eq!(config, Config::default());
}
