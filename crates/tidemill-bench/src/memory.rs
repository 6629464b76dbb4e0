//! How much memory a server takes, with all of its processes, as /proc tells it.
//!
//! RSS counts shared pages once for each process, PSS shares them out; for a server of one
//! process they are about equal, for one of many processes PSS is the fair figure.

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Reading PSS makes the kernel walk the pages, so it is read seldom.
const EVERY: Duration = Duration::from_millis(250);
const PSS_EVERY: u32 = 8;

/// Memory of a process tree at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Footprint {
    pub(crate) rss_kib: u64,
    pub(crate) pss_kib: u64,
    pub(crate) processes: usize,
}

impl Footprint {
    /// Of the process `leader`, its descendants, and whatever else is in its process group.
    pub(crate) fn of(leader: u32) -> Self {
        let tree = tree(&processes(), leader);
        Self {
            rss_kib: tree.iter().map(|pid| field(*pid, "status", "VmRSS:")).sum(),
            pss_kib: tree
                .iter()
                .map(|pid| field(*pid, "smaps_rollup", "Pss:"))
                .sum(),
            processes: tree.len(),
        }
    }
}

/// Samples a process tree in a thread of its own until it is dropped.
pub(crate) struct Watch {
    peaks: Arc<Peaks>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Peaks {
    rss_kib: AtomicU64,
    pss_kib: AtomicU64,
    paused: AtomicBool,
    stop: AtomicBool,
}

impl Watch {
    pub(crate) fn start(leader: u32) -> Self {
        let peaks = Arc::new(Peaks::default());
        let thread = std::thread::spawn({
            let peaks = Arc::clone(&peaks);
            move || peaks.sample(leader)
        });
        Self {
            peaks,
            thread: Some(thread),
        }
    }

    /// A server that is not being measured need not be sampled.
    pub(crate) fn pause(&self, paused: bool) {
        self.peaks.paused.store(paused, Ordering::Relaxed);
    }

    /// The most so far, in KiB: RSS and PSS.
    pub(crate) fn peak_kib(&self) -> (u64, u64) {
        (
            self.peaks.rss_kib.load(Ordering::Relaxed),
            self.peaks.pss_kib.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.peaks.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Peaks {
    fn sample(&self, leader: u32) {
        let mut round = 0;
        while !self.stop.load(Ordering::Relaxed) {
            if !self.paused.load(Ordering::Relaxed) {
                let tree = tree(&processes(), leader);
                let sum = |file, name| tree.iter().map(|pid| field(*pid, file, name)).sum();
                self.rss_kib
                    .fetch_max(sum("status", "VmRSS:"), Ordering::Relaxed);
                if round % PSS_EVERY == 0 {
                    self.pss_kib
                        .fetch_max(sum("smaps_rollup", "Pss:"), Ordering::Relaxed);
                }
                round += 1;
            }
            std::thread::sleep(EVERY);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Process {
    pid: u32,
    parent: u32,
    group: u32,
}

fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// The name of a program stands in brackets and may itself hold blanks and brackets.
fn stat(pid: u32, text: &str) -> Option<Process> {
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(1);
    Some(Process {
        pid,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
    })
}

fn tree(all: &[Process], leader: u32) -> HashSet<u32> {
    let mut tree: HashSet<u32> = all
        .iter()
        .filter(|process| process.pid == leader || process.group == leader)
        .map(|process| process.pid)
        .collect();
    loop {
        let before = tree.len();
        let children = all.iter().filter(|process| tree.contains(&process.parent));
        let children: Vec<u32> = children.map(|process| process.pid).collect();
        tree.extend(children);
        if tree.len() == before {
            return tree;
        }
    }
}

/// A field in KiB of a file in /proc; 0 for a process that has ended.
fn field(pid: u32, file: &str, name: &str) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            line.split_ascii_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_brackets_does_not_hide_the_parent() {
        let process = stat(7, "7 (a (b) c) S 3 5 5 0 -1").unwrap();
        assert_eq!((process.parent, process.group), (3, 5));
    }

    #[test]
    fn grandchildren_and_members_of_the_group_belong_to_the_tree() {
        let process = |pid, parent, group| Process { pid, parent, group };
        let all = [
            process(12, 11, 99),
            process(11, 10, 10),
            process(10, 1, 10),
            process(13, 1, 10),
            process(14, 1, 14),
        ];
        assert_eq!(tree(&all, 10), HashSet::from([10, 11, 12, 13]));
    }

    #[test]
    fn this_process_takes_memory() {
        let footprint = Footprint::of(std::process::id());
        assert!(footprint.processes >= 1);
        assert!(footprint.rss_kib > 100);
    }
}
