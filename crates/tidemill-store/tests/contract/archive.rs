//! Everything out again.

use tidemill_core::metrics::Point;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::RunPiece;
use tidemill_store::Archive;
use tidemill_testkit::TestDatabase;

use crate::given;
use crate::log_given::{log, point, random_series, texts};

/// A run that was logged in these parts, each of which is sealed but the last.
fn logged(database: &TestDatabase, parts: &[Vec<Point>]) -> RunId {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = database.open();
        let run = given::run(&store).await;
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                store.seal_run(run.clone(), 1).await.unwrap();
            }
            log(&store, &run, part).await;
        }
        run
    })
}

/// The points of a run, and how long the pieces were that they came in.
fn read(database: &TestDatabase, run: &RunId, at_once: usize) -> (Vec<Point>, Vec<usize>) {
    let archive = Archive::open(database.url()).unwrap().unwrap();
    let mut archive = archive.with_points_at_once(at_once);
    let (mut found, mut pieces) = (Vec::new(), Vec::new());
    let mut each = |piece| {
        match piece {
            RunPiece::Points { points, .. } => {
                pieces.push(points.len());
                found.extend(points);
            }
            RunPiece::End { whole } => assert!(whole),
            RunPiece::Run(_) => {}
        }
        Ok::<(), tidemill_core::Error>(())
    };
    archive.runs(std::slice::from_ref(run), &mut each).unwrap();
    (found, pieces)
}

/// Slices of a history are the same points in the same order as all of it at once.
fn a_long_history_comes_in_slices(database: &TestDatabase) {
    let all: Vec<Point> = (0..20_000).map(|i| point(i / 2, i % 3, i as f64)).collect();
    let whole: Vec<Vec<Point>> = all.chunks(2500).map(<[Point]>::to_vec).collect();
    // Steps come from the end, and some of the points come again.
    let mut backwards = whole.clone();
    backwards.reverse();
    backwards.push(all[3000..4000].to_vec());
    // Every part has points of nearly every step.
    let mut woven = vec![Vec::new(); 8];
    for (i, point) in all.iter().enumerate() {
        woven[i % 8].push(*point);
    }
    let one_step = vec![
        (0..3000)
            .map(|i| point(0, i % 1500, 1.0))
            .collect::<Vec<_>>(),
        (0..3000).map(|i| point(0, i, 1.0)).collect(),
    ];
    for (parts, holds) in [
        (whole, true),
        (backwards, true),
        (woven, false),
        (one_step, false),
    ] {
        let run = logged(database, &parts);
        let (expected, pieces) = read(database, &run, 1_000_000);
        assert_eq!(pieces.len(), 1);
        for at_once in [1, 700, 5000] {
            let (found, pieces) = read(database, &run, at_once);
            assert!(texts(&found) == texts(&expected), "{at_once}");
            let longest = pieces.into_iter().max().unwrap();
            assert!(
                !holds || longest <= 2 * at_once + 2500,
                "{at_once}: {longest}"
            );
        }
    }
    for part in random_series(4, 3000) {
        let run = logged(database, &[part.clone(), part]);
        let (expected, _) = read(database, &run, 1_000_000);
        assert!(texts(&read(database, &run, 1).0) == texts(&expected));
    }
}

#[test]
fn a_long_history_comes_in_slices_from_sqlite() {
    a_long_history_comes_in_slices(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn a_long_history_comes_in_slices_from_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        a_long_history_comes_in_slices(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn a_long_history_comes_in_slices_from_mysql() {
    if let Some(database) = TestDatabase::mysql() {
        a_long_history_comes_in_slices(&database);
    }
}
