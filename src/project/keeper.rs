//! The thread that reads a project and keeps it up to date.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use super::Shared;

/// What the thread is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// Files changed on disk.
    DiskChanged,
    /// A good time to look whether they did.
    Rest,
}

/// A user's rest is no reason to walk more often than this, for a walk that took no time; a walk
/// that took longer is made more rarely in proportion.
const BETWEEN_WALKS: Duration = Duration::from_secs(10);

/// At most one fiftieth of a core goes into looking for changes.
const TIMES_LONGER: u32 = 50;

/// Starts the thread; `false` if the system has none to give.
pub(super) fn spawn(shared: Arc<Shared>, notices: Receiver<Notice>) -> bool {
    let thread = std::thread::Builder::new().name("midfill-project".to_owned());
    let spawned = thread.spawn(move || keep(&shared, &notices));
    if let Err(error) = &spawned {
        tracing::error!(%error, "no thread for the project; names in it are not known");
    }
    spawned.is_ok()
}

fn keep(shared: &Shared, notices: &Receiver<Notice>) {
    let mut walked = timed(|| shared.read());
    tracing::debug!(
        files = shared.files().len(),
        ms = walked.took.as_millis(),
        "the project is read"
    );
    // Ends when the project is dropped, and with it the sender.
    while let Ok(mut notice) = notices.recv() {
        // A burst, as a checkout makes it, is one change.
        loop {
            match notices.try_recv() {
                Ok(Notice::DiskChanged) => notice = Notice::DiskChanged,
                Ok(Notice::Rest) => {}
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        let pause = BETWEEN_WALKS.max(walked.took * TIMES_LONGER);
        let is_due = notice == Notice::DiskChanged || walked.ended.elapsed() > pause;
        if is_due {
            walked = timed(|| shared.read());
        }
    }
}

/// When a walk ended, and how long it took.
struct Walked {
    ended: Instant,
    took: Duration,
}

fn timed(walk: impl FnOnce()) -> Walked {
    let start = Instant::now();
    walk();
    Walked {
        ended: Instant::now(),
        took: start.elapsed(),
    }
}
