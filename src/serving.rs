//! Which model serves: opened at the start, switched beside the one that serves, put to sleep when
//! nobody types, woken by the next key.
//!
//! A switch never leaves a gap: the new model loads while the old one answers, and takes over when
//! it is ready; if it cannot be loaded, the old one stays and the reason is told. A model is given
//! up by dropping its handle; requests that still hold one finish with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::{ModelConfig, ServingConfig};
use crate::model::{Model, ModelInfo, Status};

/// How a model is opened. Returns at once; loading goes on in the model's own thread.
pub type Open = Arc<dyn Fn(&ModelConfig) -> Model + Send + Sync>;

/// Tells the time since some fixed moment.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Weights up to this size stay when idle, unless the options say otherwise: they are mapped from
/// their file, so that the system takes the memory back by itself when it needs it.
const SMALL: u64 = 256 << 20;

/// Minutes without a key after which larger models go, unless the options say otherwise.
const DEFAULT_MINUTES: u32 = 30;

/// The state of affairs, as a status line shows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// The only model is being loaded; the fraction done lies in `0.0..=1.0`.
    Loading(f32),
    /// A model serves. `trouble` is why another one could not take over.
    Ready {
        /// The model that serves.
        info: Arc<ModelInfo>,
        /// Why the last switch failed.
        trouble: Option<String>,
    },
    /// A model serves while another one is loaded to take over.
    Switching {
        /// The model that serves.
        info: Arc<ModelInfo>,
        /// How much of the other one is loaded, in `0.0..=1.0`.
        fraction: f32,
    },
    /// Weights and cache were given back after so long without a key; the next one loads them.
    Asleep {
        /// The time without a key.
        idle: Duration,
    },
    /// There is no model; the text says why and what to do.
    Failed(String),
}

/// The model that serves, and the one that is to take over.
pub struct Serving {
    open: Open,
    clock: Clock,
    state: Mutex<State>,
    standing: watch::Sender<Standing>,
    changed: Notify,
}

struct State {
    wanted: ModelConfig,
    limits: ServingConfig,
    current: Place,
    next: Option<(ModelConfig, Model)>,
    last_used: Duration,
    trouble: Option<String>,
}

/// Where the serving model is.
enum Place {
    Awake(Model),
    /// Given up after this long without a key.
    Asleep(Duration),
}

impl Serving {
    /// Opens the first model.
    pub fn new(open: Open, clock: Clock, model: ModelConfig, limits: ServingConfig) -> Serving {
        let current = open(&model);
        let standing = standing_of(&current.status(), None);
        Serving {
            state: Mutex::new(State {
                wanted: model,
                limits,
                current: Place::Awake(current),
                next: None,
                last_used: clock(),
                trouble: None,
            }),
            open,
            clock,
            standing: watch::Sender::new(standing),
            changed: Notify::new(),
        }
    }

    /// The model that serves, woken where it sleeps. The time without a key begins anew.
    pub fn model(&self) -> Model {
        let mut state = self.lock();
        state.last_used = (self.clock)();
        if let Place::Awake(model) = &state.current {
            return model.clone();
        }
        let model = (self.open)(&state.wanted);
        state.current = Place::Awake(model.clone());
        self.publish(&state);
        model
    }

    /// A document is closed: its place in the serving model's cache is given back. A model that
    /// sleeps has given back all of them.
    pub fn close(&self, document: u64) {
        if let Place::Awake(model) = &self.lock().current {
            model.close(document);
        }
    }

    /// Somebody types: a model that sleeps is woken, so that it is there when it is asked.
    pub fn wake(&self) {
        drop(self.model());
    }

    /// What the serving model was opened with.
    pub fn wanted(&self) -> ModelConfig {
        self.lock().wanted.clone()
    }

    /// Makes another model serve as soon as it is loaded. Where none serves now, it is loaded in
    /// its place at once. The same settings again change nothing.
    pub fn switch(&self, config: ModelConfig) {
        let mut state = self.lock();
        let coming = state.next.as_ref().map(|(config, _)| config);
        if *coming.unwrap_or(&state.wanted) == config {
            return;
        }
        state.trouble = None;
        let mut retired = state.next.take().map(|(_, model)| model);
        if config != state.wanted {
            let serves = match &state.current {
                Place::Awake(model) => matches!(model.status(), Status::Ready(_)),
                Place::Asleep(_) => false,
            };
            let model = (self.open)(&config);
            if serves {
                state.next = Some((config, model));
            } else {
                state.wanted = config;
                state.last_used = (self.clock)();
                if let Place::Awake(old) =
                    std::mem::replace(&mut state.current, Place::Awake(model))
                {
                    retired = Some(old);
                }
            }
        }
        self.publish(&state);
        drop(state);
        retire(retired);
    }

    /// Takes over new limits.
    pub fn limit(&self, limits: ServingConfig) {
        self.lock().limits = limits;
        self.changed.notify_one();
    }

    /// Follows the state of affairs.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Lets a loaded model take over, tells of one that failed, and puts an idle one to sleep.
    /// Returns how long from now the serving model may sleep, if it ever may.
    pub fn settle(&self) -> Option<Duration> {
        let mut state = self.lock();
        let mut retired = Vec::new();
        match state.next.as_ref().map(|(_, model)| model.status()) {
            Some(Status::Ready(_)) => {
                if let Some((config, model)) = state.next.take() {
                    state.wanted = config;
                    state.trouble = None;
                    if let Place::Awake(old) =
                        std::mem::replace(&mut state.current, Place::Awake(model))
                    {
                        retired.push(old);
                    }
                }
            }
            Some(Status::Failed(why)) => {
                retired.extend(state.next.take().map(|(_, model)| model));
                state.trouble = Some(why);
            }
            Some(Status::Loading(_)) | None => {}
        }
        let left = state.time_left((self.clock)());
        if left == Some(Duration::ZERO) {
            let idle = (self.clock)().saturating_sub(state.last_used);
            if let Place::Awake(old) = std::mem::replace(&mut state.current, Place::Asleep(idle)) {
                retired.push(old);
            }
        }
        self.publish(&state);
        drop(state);
        retired.into_iter().for_each(|model| retire(Some(model)));
        left.filter(|left| !left.is_zero())
    }

    /// Settles whenever something has changed, for as long as it is polled.
    pub async fn keep(&self) {
        loop {
            let left = self.settle();
            let (mut current, mut next) = {
                let state = self.lock();
                let current = match &state.current {
                    Place::Awake(model) => Some(model.watch()),
                    Place::Asleep(_) => None,
                };
                (current, state.next.as_ref().map(|(_, model)| model.watch()))
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = change(&mut current) => {}
                () = change(&mut next) => {}
                () = sleep(left) => {}
            }
        }
    }

    fn publish(&self, state: &State) {
        let now = state.standing();
        let moved = self.standing.send_if_modified(|standing| {
            let moved = *standing != now;
            *standing = now;
            moved
        });
        if moved {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is made whole under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn standing(&self) -> Standing {
        let current = match &self.current {
            Place::Asleep(idle) => return Standing::Asleep { idle: *idle },
            Place::Awake(model) => model.status(),
        };
        match (current, &self.next) {
            (Status::Ready(info), Some((_, next))) => Standing::Switching {
                info,
                fraction: match next.status() {
                    Status::Loading(fraction) => fraction,
                    _ => 1.0,
                },
            },
            (status, _) => standing_of(&status, self.trouble.clone()),
        }
    }

    /// How long the serving model still stays; `None` for as long as the program runs.
    fn time_left(&self, now: Duration) -> Option<Duration> {
        let Place::Awake(model) = &self.current else {
            return None;
        };
        let Status::Ready(info) = model.status() else {
            return None;
        };
        let minutes = match self.limits.idle_unload_minutes {
            Some(0) => return None,
            Some(minutes) => minutes,
            None if info.gpu_layers == 0 && info.n_bytes <= SMALL => return None,
            None => DEFAULT_MINUTES,
        };
        // While another model is loaded, this one serves.
        if self.next.is_some() {
            return None;
        }
        let end = self.last_used + Duration::from_secs(60 * u64::from(minutes));
        Some(end.saturating_sub(now))
    }
}

fn standing_of(status: &Status, trouble: Option<String>) -> Standing {
    match status {
        Status::Loading(fraction) => Standing::Loading(*fraction),
        Status::Ready(info) => Standing::Ready {
            info: info.clone(),
            trouble,
        },
        Status::Failed(why) => Standing::Failed(why.clone()),
    }
}

/// Gives up a model on a thread of its own: its last handle waits for the decode that runs.
fn retire(model: Option<Model>) {
    if let Some(model) = model {
        // Without a thread for it, the model is dropped here.
        let _ = std::thread::Builder::new()
            .name("retire".to_owned())
            .spawn(move || drop(model));
    }
}

async fn change(status: &mut Option<watch::Receiver<Status>>) {
    let is_gone = match status {
        Some(status) => status.changed().await.is_err(),
        None => true,
    };
    if is_gone {
        std::future::pending().await
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
