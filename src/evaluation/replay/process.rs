//! A child process that is measured, and that never outlives its measurement.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// A child process. Dropping it kills it.
pub(super) struct Process {
    pub(super) child: Child,
    system: System,
    /// The most memory seen, in bytes.
    peak: u64,
}

/// A process that used no more CPU time than this between two looks is at rest.
const REST: Duration = Duration::from_millis(40);

impl Process {
    pub(super) fn start(command: &mut Command) -> Result<Process> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Process {
            child,
            system: System::new(),
            peak: 0,
        })
    }

    /// Waits until the process has come to rest, so that what it does on its own account is not
    /// charged to whoever is measured next; two seconds at most.
    pub(super) fn wait_for_rest(&mut self) {
        let started = Instant::now();
        let mut before = self.cpu_ms();
        while started.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(REST);
            let now = self.cpu_ms();
            // The system counts in steps of ten milliseconds.
            if now.saturating_sub(before) <= 10 {
                break;
            }
            before = now;
        }
    }

    /// CPU time used so far, in milliseconds; also takes note of the memory in use.
    fn cpu_ms(&mut self) -> u64 {
        let pid = Pid::from_u32(self.child.id());
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            false,
            ProcessRefreshKind::nothing().with_memory().with_cpu(),
        );
        let Some(process) = self.system.process(pid) else {
            return 0;
        };
        self.peak = self.peak.max(process.memory());
        process.accumulated_cpu_time()
    }

    /// The most memory the process has had resident, in bytes: the system's own count where it
    /// keeps one, else the most that was seen.
    pub(super) fn peak_memory(&mut self) -> u64 {
        self.cpu_ms();
        let status = format!("/proc/{}/status", self.child.id());
        let counted = std::fs::read_to_string(status).ok().and_then(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))?;
            let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib * 1024)
        });
        counted.unwrap_or(self.peak)
    }

    /// Waits for an end that was asked for; kills what has not ended after ten seconds.
    pub(super) fn wait(&mut self) -> Result<()> {
        let started = Instant::now();
        while self
            .child
            .try_wait()
            .context("the program did not end")?
            .is_none()
        {
            if started.elapsed() > Duration::from_secs(10) {
                self.child.kill().context("the program cannot be ended")?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is left running when a replay fails half way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
