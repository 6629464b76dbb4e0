//! Whole histories, of points that are sealed and points that are not.

use tidemill_core::metrics::{HistoryPage, Metric, Point, by_time, comparable, finite};
use tidemill_core::runs::RunId;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given;
use crate::log_given::{history, log, point, random_series, texts};

/// Every point once, as it is stored, in the order of `metrics/get-history`.
fn expected(points: &[Point]) -> Vec<Point> {
    let stored = |p: &Point| {
        let value = if p.value.is_nan() {
            f64::NAN
        } else {
            comparable(finite(p.value))
        };
        point(p.step, p.timestamp, value)
    };
    let mut points: Vec<Point> = points.iter().map(stored).collect();
    points.sort_by(by_time);
    points.dedup_by(|a, b| by_time(a, b).is_eq());
    points
}

async fn sealing_at_any_moment_leaves_the_history_as_it_was(store: Store) {
    for (number, points) in random_series(15, 60).into_iter().enumerate() {
        let run = given::run(&store).await;
        for part in points.chunks(1 + number) {
            log(&store, &run, part).await;
            if part.len() % 2 == number % 2 {
                store.seal_run(run.clone(), 1).await.unwrap();
            }
        }
        let expected = texts(&expected(&points));
        assert_eq!(texts(&history(&store, &run).await), expected);
        store.seal_run(run.clone(), 1).await.unwrap();
        assert_eq!(texts(&history(&store, &run).await), expected);
    }
}
on_every_database!(sealing_at_any_moment_leaves_the_history_as_it_was);

async fn more_points_than_fit_a_chunk_are_sealed_in_several(store: Store) {
    let run = given::run(&store).await;
    let points: Vec<Point> = (0..9000).map(|i| point(i, 2 * i, i as f64)).collect();
    log(&store, &run, &points).await;
    store.seal_run(run.clone(), 1).await.unwrap();
    assert_eq!(history(&store, &run).await, points);
    log(&store, &run, &points[4000..6000]).await;
    assert_eq!(history(&store, &run).await, points);
}
on_every_database!(more_points_than_fit_a_chunk_are_sealed_in_several);

/// Waits until sealing in the background has left fewer than `most` points of a run.
async fn sealed_in_the_background(store: &Store, run: &RunId, most: i64) -> bool {
    for _ in 0..200 {
        if store.unsealed_points(run.clone()).await.unwrap() < most {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

async fn rare_metrics_stay_in_the_tail_until_there_are_enough(store: Store) {
    let run = given::run(&store).await;
    let often: Vec<Point> = (0..40).map(|i| point(i, i, i as f64)).collect();
    for points in often.chunks(8) {
        log(&store, &run, points).await;
        let rare = Metric::new("rare", 0.5, 7, points[0].step).unwrap();
        store.log_metric(run.clone(), rare).await.unwrap();
        store.seal_run(run.clone(), 20).await.unwrap();
        store.seal_run(run.clone(), 20).await.unwrap();
    }
    assert_eq!(store.unsealed_points(run.clone()).await.unwrap(), 5 + 16);
    assert_eq!(history(&store, &run).await, often);
    let rare = store.metric_history(run, "rare".into(), HistoryPage::default());
    let steps: Vec<i64> = rare.await.unwrap().items.iter().map(|p| p.step).collect();
    assert_eq!(steps, [0, 8, 16, 24, 32]);
}
on_every_database!(rare_metrics_stay_in_the_tail_until_there_are_enough);

async fn what_another_server_left_behind_is_sealed(store: Store) {
    let run = given::run(&store).await;
    let points: Vec<Point> = (0..130).map(|i| point(i, i, 0.5)).collect();
    for point in &points {
        log(&store, &run, std::slice::from_ref(point)).await;
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let background = store.clone();
    let sealing = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        background.seal_histories(stopped).await;
    });
    assert!(sealed_in_the_background(&store, &run, 1).await);
    assert_eq!(history(&store, &run).await, points);
    stop.send(()).unwrap();
    sealing.await.unwrap();
}
on_every_database!(what_another_server_left_behind_is_sealed);

async fn long_tails_and_ended_runs_are_sealed_in_the_background(store: Store) {
    use tidemill_core::runs::{RunStatus, RunUpdate};
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let background = store.clone();
    let sealing = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        background.seal_histories(stopped).await;
    });
    let run = given::run(&store).await;
    let points: Vec<Point> = (0..5000).map(|i| point(i, i, 0.5)).collect();
    log(&store, &run, &points).await;
    let ends = RunUpdate::new(Some(RunStatus::Finished), Some(1), None);
    store.update_run(run.clone(), ends).await.unwrap();
    assert!(sealed_in_the_background(&store, &run, 128).await);
    assert_eq!(history(&store, &run).await, points);
    stop.send(()).unwrap();
    sealing.await.unwrap();
}
on_every_database!(long_tails_and_ended_runs_are_sealed_in_the_background);

async fn pages_follow_each_other_whatever_is_logged_meanwhile(store: Store) {
    let run = given::run(&store).await;
    let points: Vec<Point> = (0..10).map(|i| point(i, i, f64::NAN)).collect();
    log(&store, &run, &points).await;
    let mut token = None;
    let mut steps = Vec::new();
    loop {
        let page = HistoryPage::new(Some(4), token).unwrap();
        let page = store
            .metric_history(run.clone(), "m".into(), page)
            .await
            .unwrap();
        steps.extend(page.items.iter().map(|point| point.step));
        log(&store, &run, &[point(99, 0, 1.0)]).await;
        store.seal_run(run.clone(), 1).await.unwrap();
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(steps, (0..10).collect::<Vec<_>>());
}
on_every_database!(pages_follow_each_other_whatever_is_logged_meanwhile);

async fn an_unknown_run_or_metric_has_no_history(store: Store) {
    assert!(history(&store, &RunId::from("nope")).await.is_empty());
    assert!(history(&store, &given::run(&store).await).await.is_empty());
}
on_every_database!(an_unknown_run_or_metric_has_no_history);

async fn several_histories_come_by_run_up_to_a_limit(store: Store) {
    let mut runs = vec![given::run(&store).await, given::run(&store).await];
    for run in &runs {
        log(
            &store,
            run,
            &[point(2, 1, 0.5), point(1, 2, 0.5), point(1, 1, 0.5)],
        )
        .await;
    }
    runs.sort();
    let asked = vec![
        runs[1].clone(),
        RunId::from("nope"),
        runs[0].clone(),
        runs[0].clone(),
    ];
    let histories = store
        .metric_history_bulk(asked.clone(), "m".into(), 4)
        .await
        .unwrap();
    let got: Vec<_> = histories
        .iter()
        .map(|h| {
            (
                &h.run,
                h.points
                    .iter()
                    .map(|p| (p.timestamp, p.step))
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        got,
        [
            (&runs[0], vec![(1, 1), (1, 2), (2, 1)]),
            (&runs[1], vec![(1, 1)])
        ]
    );
    assert!(
        store
            .metric_history_bulk(asked, "m".into(), 0)
            .await
            .unwrap()
            .is_empty()
    );
}
on_every_database!(several_histories_come_by_run_up_to_a_limit);
