use std::collections::HashMap;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::*;
use crate::model::scripted::{Gate, Script};
use crate::model::{Event, Job, ModelError};

/// Models by path, a clock that stands still, and all that was opened.
struct Stage {
    serving: Serving,
    now: Arc<Mutex<Duration>>,
    opened: Arc<Mutex<Vec<PathBuf>>>,
}

fn model(path: &str) -> ModelConfig {
    ModelConfig {
        path: Some(PathBuf::from(path)),
        ..ModelConfig::default()
    }
}

fn stage(models: Vec<(&'static str, Script)>, idle_unload_minutes: Option<u32>) -> Stage {
    let first = model(models[0].0);
    let models: HashMap<&str, Script> = models.into_iter().collect();
    let opened = Arc::new(Mutex::new(Vec::new()));
    let now = Arc::new(Mutex::new(Duration::ZERO));
    let open: Open = Arc::new({
        let opened = opened.clone();
        move |config: &ModelConfig| {
            let path = config.path.clone().unwrap_or_default();
            let script = models[path.to_str().unwrap_or_default()].clone();
            opened.lock().expect("no panic").push(path);
            Model::scripted(script)
        }
    });
    let clock: Clock = Arc::new({
        let now = now.clone();
        move || *now.lock().expect("no panic")
    });
    let limits = ServingConfig {
        idle_unload_minutes,
        ..ServingConfig::default()
    };
    Stage {
        serving: Serving::new(open, clock, first, limits),
        now,
        opened,
    }
}

impl Stage {
    fn pass(&self, minutes: u64) {
        *self.now.lock().expect("no panic") += Duration::from_secs(60 * minutes);
    }

    /// Settles until the state of affairs is no longer one of loading.
    fn wait(&self) {
        loop {
            self.serving.settle();
            let coming = self
                .serving
                .lock()
                .next
                .as_ref()
                .map(|(_, model)| model.clone());
            let current = match &self.serving.lock().current {
                Place::Awake(model) => Some(model.clone()),
                Place::Asleep(_) => None,
            };
            match coming.or(current) {
                Some(model) if matches!(model.status(), Status::Loading(_)) => {
                    // Whether it loads or fails, it has settled then.
                    let _ = model.ready_blocking();
                }
                _ => break,
            }
        }
        self.serving.settle();
    }

    #[track_caller]
    fn check(&self, expected: Expect) {
        let shown = match &*self.serving.watch().borrow() {
            Standing::Ready { info, trouble } => format!("{} serves {trouble:?}", info.name),
            Standing::Switching { info, .. } => format!("{} serves, another loads", info.name),
            Standing::Loading(_) => "loading".to_owned(),
            Standing::Asleep { idle } => format!("asleep after {} s", idle.as_secs()),
            Standing::Failed(why) => format!("failed: {why}"),
        };
        expected.assert_eq(&shown);
    }

    /// What the serving model says.
    fn says(&self) -> String {
        let mut generation = self.serving.model().generate(Job {
            prompt: vec![1],
            max_tokens: 9,
            ..Job::default()
        });
        let mut said = String::new();
        while let Some(event) = generation.next_blocking() {
            if let Event::Piece { text, .. } = event {
                said.push_str(&text);
            }
        }
        said
    }

    fn opened(&self) -> Vec<PathBuf> {
        self.opened.lock().expect("no panic").clone()
    }
}

fn script(name: &str) -> Script {
    let says = name.to_owned();
    Script::new().name(name).answers(move |_| says.clone())
}

#[test]
fn the_old_model_serves_until_the_new_one_is_loaded() {
    let gate = Gate::closed();
    let stage = stage(
        vec![("a", script("a")), ("b", script("b").loads_behind(&gate))],
        None,
    );
    stage.wait();
    stage.serving.switch(model("b"));
    stage.check(expect!["a serves, another loads"]);
    assert_eq!(stage.says(), "a");
    gate.open();
    stage.wait();
    stage.check(expect!["b serves None"]);
    assert_eq!(stage.says(), "b");
}

#[test]
fn a_model_that_cannot_be_loaded_leaves_the_old_one_and_says_why() {
    let error = ModelError::Corrupt {
        path: "b".into(),
        reason: "it is not a GGUF file".to_owned(),
    };
    let stage = stage(
        vec![("a", script("a")), ("b", script("b").fails_to_load(error))],
        None,
    );
    stage.wait();
    stage.serving.switch(model("b"));
    stage.wait();
    stage.check(expect![[r#"a serves Some("b is not a model this build can load: it is not a GGUF file. Download it again, or check it against its published checksum; `midfill doctor` shows which models load.")"#]]);
    assert_eq!(stage.says(), "a");
    // The old settings again: nothing is loaded, and the trouble is over once another one serves.
    stage.serving.switch(model("a"));
    assert_eq!(stage.opened(), [Path::new("a"), Path::new("b")]);
}

#[test]
fn a_switch_can_be_taken_back_while_it_loads() {
    let gate = Gate::closed();
    let stage = stage(
        vec![("a", script("a")), ("b", script("b").loads_behind(&gate))],
        None,
    );
    stage.wait();
    stage.serving.switch(model("b"));
    stage.serving.switch(model("a"));
    stage.wait();
    stage.check(expect!["a serves None"]);
    assert_eq!(stage.opened(), [Path::new("a"), Path::new("b")]);
}

#[test]
fn where_no_model_serves_the_new_one_takes_the_place_at_once() {
    let error = ModelError::Gone("no disk".to_owned());
    let stage = stage(
        vec![("a", script("a").fails_to_load(error)), ("b", script("b"))],
        None,
    );
    stage.wait();
    stage.check(expect!["failed: the model stopped working: no disk. Restart the server; if it happens again, `midfill doctor` tells more."]);
    stage.serving.switch(model("b"));
    stage.wait();
    stage.check(expect!["b serves None"]);
}

#[test]
fn an_idle_model_goes_and_the_next_key_brings_it_back() {
    let stage = stage(vec![("a", script("a"))], Some(10));
    stage.wait();
    stage.pass(9);
    stage.wait();
    stage.check(expect!["a serves None"]);
    // A key begins the time anew.
    stage.serving.wake();
    stage.pass(9);
    assert_eq!(stage.serving.settle(), Some(Duration::from_secs(60)));
    stage.check(expect!["a serves None"]);
    stage.pass(1);
    assert_eq!(stage.serving.settle(), None);
    stage.check(expect!["asleep after 600 s"]);
    assert_eq!(stage.opened(), [Path::new("a")]);
    stage.serving.wake();
    stage.wait();
    stage.check(expect!["a serves None"]);
    assert_eq!(stage.opened(), [Path::new("a"), Path::new("a")]);
    assert_eq!(stage.says(), "a");
}

#[test]
fn what_sleeps_frees_its_model() {
    let stage = stage(vec![("a", script("a"))], Some(1));
    stage.wait();
    let mut status = stage.serving.model().watch();
    stage.pass(2);
    stage.serving.settle();
    // The channel closes with the last handle, once the model's thread has ended.
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime needs nothing but memory");
    runtime.block_on(async { while status.changed().await.is_ok() {} });
}

#[test]
fn small_models_stay_unless_told_and_large_ones_or_those_on_a_gpu_go() {
    let sleeps = |script: Script, minutes: Option<u32>| {
        let stage = stage(vec![("a", script)], minutes);
        stage.wait();
        stage.pass(24 * 60);
        stage.serving.settle();
        let standing = stage.serving.watch().borrow().clone();
        matches!(standing, Standing::Asleep { .. })
    };
    let large = || script("a").weighs(1 << 30, 0);
    assert!(!sleeps(script("a"), None));
    assert!(sleeps(script("a"), Some(5)));
    assert!(sleeps(large(), None));
    assert!(sleeps(script("a").weighs(1 << 20, 12), None));
    assert!(!sleeps(large(), Some(0)));
}

#[test]
fn a_model_that_sleeps_is_switched_without_being_woken() {
    let stage = stage(vec![("a", script("a")), ("b", script("b"))], Some(1));
    stage.wait();
    stage.pass(2);
    stage.serving.settle();
    stage.serving.switch(model("b"));
    stage.wait();
    stage.check(expect!["b serves None"]);
    assert_eq!(stage.opened(), [Path::new("a"), Path::new("b")]);
}
