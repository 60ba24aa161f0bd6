//! Whether the machine lives on its battery, where less is computed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use starship_battery::{Manager, State};

/// How long what was read holds.
const HOLDS: Duration = Duration::from_secs(30);

/// What feeds the machine, looked at now and then, and never while somebody waits.
#[derive(Debug, Default)]
pub(super) struct Power {
    is_on_battery: Arc<AtomicBool>,
    read: Mutex<Option<Instant>>,
}

impl Power {
    /// Whether the machine lived on its battery when it was looked at last. `false` at first.
    pub(super) fn is_on_battery(&self) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_none_or(|read| read.elapsed() > HOLDS) {
            *read = Some(Instant::now());
            let is_on_battery = self.is_on_battery.clone();
            // Some systems take their time to tell.
            tokio::task::spawn_blocking(move || {
                is_on_battery.store(drains(states()), Ordering::Relaxed);
            });
        }
        self.is_on_battery.load(Ordering::Relaxed)
    }
}

/// The states of all batteries; none where the system does not tell.
fn states() -> Vec<State> {
    let batteries = Manager::new().and_then(|manager| manager.batteries());
    let batteries = batteries.into_iter().flatten().flatten();
    batteries.map(|battery| battery.state()).collect()
}

/// Whether a machine with such batteries lives on them.
fn drains(states: Vec<State>) -> bool {
    states.contains(&State::Discharging) && !states.contains(&State::Charging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_plugged_in_does_not_live_on_its_battery() {
        assert!(!drains(vec![]), "a desktop");
        assert!(!drains(vec![State::Full]));
        assert!(!drains(vec![State::Charging]));
        assert!(drains(vec![State::Discharging]));
        assert!(drains(vec![State::Full, State::Discharging]), "one of two");
        assert!(
            !drains(vec![State::Charging, State::Discharging]),
            "one fills first"
        );
    }
}
