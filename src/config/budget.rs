//! How long somebody waits for ghost text, as the options name it.

use std::time::Duration;

use serde_json::Value;

/// How long somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// For the first token.
    pub first: Duration,
    /// For all of them.
    pub whole: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            first: Duration::from_millis(150),
            whole: Duration::from_millis(300),
        }
    }
}

impl Budget {
    /// The option `budget`: `false`, or the two times, of which either may be left out. `None` where it
    /// is neither.
    pub fn from_option(value: &Value) -> Option<Option<Budget>> {
        if value == &Value::Bool(false) {
            return Some(None);
        }
        let mut budget = Budget::default();
        for (key, value) in value.as_object()? {
            let time = match key.as_str() {
                "firstMs" => &mut budget.first,
                "wholeMs" => &mut budget.whole,
                _ => return None,
            };
            *time = Duration::from_millis(value.as_u64()?);
        }
        (budget.first <= budget.whole).then_some(Some(budget))
    }

    /// The budget of a machine that lives on its battery.
    pub fn halved(self) -> Budget {
        Budget {
            first: self.first / 2,
            whole: self.whole / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::from_options;

    #[test]
    fn a_budget_is_two_times_or_none() {
        let budget = |value| {
            from_options(&json!({ "budget": value }))
                .0
                .completion
                .budget
        };
        let millis = |first, whole| {
            let (first, whole) = (Duration::from_millis(first), Duration::from_millis(whole));
            Some(Budget { first, whole })
        };
        assert_eq!(budget(json!({"firstMs": 50})), millis(50, 300));
        assert_eq!(budget(json!({"wholeMs": 900})), millis(150, 900));
        assert_eq!(budget(json!(false)), None);
        assert_eq!(
            budget(json!({"wholeMs": 100})),
            millis(150, 300),
            "before the first"
        );
    }
}
