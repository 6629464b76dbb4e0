//! A purge that is killed, and people who restore meanwhile.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::site::{API, Site};

const RUNS: usize = 130;

/// Everything that can still be restored has its artifacts; nothing that is gone does.
fn is_sound(site: &Site, runs: &[String]) -> usize {
    let mut restored = 0;
    for run in runs {
        let path = format!("{API}/runs/restore");
        match site.server.post(&path, &json!({"run_id": run})).status {
            200 => {
                assert!(
                    site.has_artifact("0", run),
                    "{run} was restored without its artifacts"
                );
                restored += 1;
                site.delete(run);
            }
            _ if site.has_run(run) => {}
            _ => assert!(!site.has_artifact("0", run), "{run} has left its artifacts"),
        }
    }
    restored
}

#[test]
fn a_purge_that_is_killed_goes_on_where_it_was() {
    let site = Site::new(&[]);
    let runs: Vec<String> = (0..RUNS).map(|_| site.deleted_run_in("0")).collect();
    let mut stopped_within = 0;
    for moment in [15, 30, 45, 60, 80, 100, 130, 160] {
        let mut gc = site.command(&["--older-than", "0s"]);
        let mut gc = gc
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(moment));
        let ended = gc.try_wait().unwrap().is_some();
        gc.kill().unwrap();
        gc.wait().unwrap();
        let restorable = is_sound(&site, &runs);
        stopped_within += usize::from(!ended && restorable < RUNS && restorable > 0);
    }
    eprintln!("{stopped_within} purges were stopped half-way");
    site.gc_well(&[]);
    assert_eq!(is_sound(&site, &runs), 0);
    assert!(runs.iter().all(|run| !site.has_run(run)));
}

#[test]
fn whoever_restores_a_run_in_time_has_it_whole() {
    let site = Site::new(&[]);
    let runs: Vec<String> = (0..RUNS).map(|_| site.deleted_run_in("0")).collect();
    let mut gc = site.command(&["--older-than", "0s"]);
    let mut gc = gc
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut kept = Vec::new();
    for run in runs.iter().rev() {
        let path = format!("{API}/runs/restore");
        if site.server.post(&path, &json!({"run_id": run})).status == 200 {
            kept.push(run);
        }
    }
    assert!(gc.wait().unwrap().success());
    eprintln!("{} of {RUNS} runs were restored in time", kept.len());
    for run in &runs {
        let stays = kept.contains(&run);
        assert_eq!(
            (site.has_run(run), site.has_artifact("0", run)),
            (stays, stays),
            "{run}"
        );
    }
}
