//! Samples for charts.

use tidemill_core::metrics::{Point, by_step, comparable, finite};
use tidemill_core::runs::RunId;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given;
use crate::log_given::{log, point, random_series, texts};

/// What NTILE and ROW_NUMBER select: each point's bucket is computed on its own.
fn expected(points: &[Point], steps: Option<(i64, i64)>, most: usize) -> Vec<Point> {
    let mut points: Vec<Point> = points
        .iter()
        .filter(|p| steps.is_none_or(|(first, last)| p.step >= first && p.step <= last))
        .map(|p| match p.value.is_nan() {
            true => *p,
            false => point(p.step, p.timestamp, comparable(finite(p.value))),
        })
        .collect();
    points.sort_by(by_step);
    points.dedup_by(|a, b| by_step(a, b).is_eq());
    let (count, mut sampled) = (points.len(), Vec::new());
    let mut bucket = None;
    for (position, point) in points.iter().enumerate() {
        let here = ntile(position, count, most);
        if bucket != Some(here) {
            sampled.push(*point);
            bucket = Some(here);
        }
    }
    if let (Some(sampled), Some(last)) = (sampled.last_mut(), points.last())
        && by_step(sampled, last).is_ne()
    {
        *sampled = *last;
    }
    sampled
}

/// The bucket of the row at `position`, by the definition of NTILE.
fn ntile(position: usize, count: usize, buckets: usize) -> usize {
    let mut end = 0;
    (0..buckets)
        .find(|bucket| {
            end += count / buckets + usize::from(*bucket < count % buckets);
            position < end
        })
        .unwrap_or(buckets)
}

async fn sample(store: &Store, run: &RunId, steps: Option<(i64, i64)>, most: usize) -> Vec<Point> {
    let (start, end) = (steps.map(|s| s.0), steps.map(|s| s.1));
    let runs = vec![run.clone()];
    let histories = store.metric_history_interval(runs, "m".into(), start, end, most);
    histories.await.unwrap().remove(0).points
}

async fn samples_are_those_of_the_window_functions(store: Store) {
    for (number, points) in random_series(12, 80).into_iter().enumerate() {
        let run = given::run(&store).await;
        let (sealed, tail) = points.split_at(points.len() / 2);
        log(&store, &run, sealed).await;
        store.seal_run(run.clone(), 1).await.unwrap();
        log(&store, &run, tail).await;
        for most in [1, 2, 5, 1 + number, 200] {
            for steps in [None, Some((0, 3)), Some((-3, -3)), Some((50, 60))] {
                assert_eq!(
                    texts(&sample(&store, &run, steps, most).await),
                    texts(&expected(&points, steps, most)),
                    "{most} of {points:?}, steps {steps:?}"
                );
            }
        }
    }
}
on_every_database!(samples_are_those_of_the_window_functions);

async fn runs_come_as_they_were_asked_for(store: Store) {
    let run = given::run(&store).await;
    log(&store, &run, &[point(1, 1, 1.0)]).await;
    let runs = vec![run.clone(), RunId::from("nope"), run];
    let histories = store
        .metric_history_interval(runs.clone(), "m".into(), None, None, 10)
        .await
        .unwrap();
    let got: Vec<_> = histories.iter().map(|h| (&h.run, h.points.len())).collect();
    assert_eq!(got, [(&runs[0], 1), (&runs[1], 0), (&runs[2], 1)]);
}
on_every_database!(runs_come_as_they_were_asked_for);

async fn one_end_of_a_step_range_is_refused(store: Store) {
    let asked = store.metric_history_interval(vec![], "m".into(), Some(1), None, 10);
    assert_eq!(
        asked.await.unwrap_err().to_string(),
        "If either start step or end step are specified, both must be specified."
    );
}
on_every_database!(one_end_of_a_step_range_is_refused);
