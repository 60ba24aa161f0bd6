//! The four parts of an explanation.

use super::tongue::Tongue;

/// A part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What it does: its purpose and key operations.
    Purpose,
    /// How it works: the control flow.
    Flow,
    /// What may break: bugs, performance, style.
    Problems,
    /// How to better it: performance, readability, maintainability.
    Improvements,
}

impl Part {
    /// In the order in which they always come.
    pub const ALL: [Part; 4] = [
        Part::Purpose,
        Part::Flow,
        Part::Problems,
        Part::Improvements,
    ];

    /// Its heading.
    pub fn heading(self, tongue: &Tongue) -> &'static str {
        match (self, tongue.is_chinese()) {
            (Part::Purpose, false) => "What it does",
            (Part::Flow, false) => "How it works",
            (Part::Problems, false) => "Potential problems",
            (Part::Improvements, false) => "Improvements",
            (Part::Purpose, true) => "功能",
            (Part::Flow, true) => "工作流程",
            (Part::Problems, true) => "潜在问题",
            (Part::Improvements, true) => "改进建议",
        }
    }
}
