//! Which point of a metric is the latest.

use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given;
use crate::log_given::{history, log, point, random_series, texts};
use tidemill_core::metrics::Point;
use tidemill_core::runs::RunId;

async fn latest(store: &Store, run: &RunId) -> Option<Point> {
    let metrics = given::stored(store, run).await.metrics;
    metrics.first().map(|metric| metric.point())
}

async fn an_older_point_does_not_replace_the_latest(store: Store) {
    let run = given::run(&store).await;
    for logged in [
        point(2, 20, 0.1),
        point(1, 99, 0.9),
        point(2, 19, 0.9),
        point(2, 20, 0.0),
    ] {
        log(&store, &run, &[logged]).await;
    }
    assert_eq!(latest(&store, &run).await, Some(point(2, 20, 0.1)));
    assert_eq!(history(&store, &run).await.len(), 4);
}
on_every_database!(an_older_point_does_not_replace_the_latest);

async fn the_greater_value_wins_at_one_moment(store: Store) {
    let run = given::run(&store).await;
    log(&store, &run, &[point(1, 1, 0.1)]).await;
    log(&store, &run, &[point(1, 1, 0.2)]).await;
    assert_eq!(latest(&store, &run).await, Some(point(1, 1, 0.2)));
}
on_every_database!(the_greater_value_wins_at_one_moment);

async fn not_a_number_replaces_what_is_less_than_zero(store: Store) {
    let run = given::run(&store).await;
    log(&store, &run, &[point(1, 1, 0.0)]).await;
    log(&store, &run, &[point(1, 1, f64::NAN)]).await;
    assert_eq!(latest(&store, &run).await, Some(point(1, 1, 0.0)));
    log(&store, &run, &[point(2, 1, -1.0)]).await;
    log(&store, &run, &[point(2, 1, f64::NAN)]).await;
    assert!(latest(&store, &run).await.unwrap().value.is_nan());
}
on_every_database!(not_a_number_replaces_what_is_less_than_zero);

async fn infinity_is_the_largest_double(store: Store) {
    let run = given::run(&store).await;
    log(
        &store,
        &run,
        &[point(1, 1, f64::INFINITY), point(0, 1, f64::NEG_INFINITY)],
    )
    .await;
    assert_eq!(latest(&store, &run).await, Some(point(1, 1, f64::MAX)));
    let values: Vec<f64> = history(&store, &run)
        .await
        .iter()
        .map(|p| p.value)
        .collect();
    assert_eq!(values, [f64::MIN, f64::MAX]);
}
on_every_database!(infinity_is_the_largest_double);

async fn the_extremes_of_step_and_time_are_kept(store: Store) {
    let run = given::run(&store).await;
    let points = [
        point(i64::MIN, 0, f64::MIN_POSITIVE),
        point(i64::MAX, i64::MAX, 5e-324),
    ];
    log(&store, &run, &points).await;
    store.seal_run(run.clone(), 1).await.unwrap();
    assert_eq!(history(&store, &run).await, points);
    assert_eq!(latest(&store, &run).await, Some(points[1]));
}
on_every_database!(the_extremes_of_step_and_time_are_kept);

async fn any_split_of_a_batch_gives_the_same_latest_value(store: Store) {
    for points in random_series(12, 30) {
        let whole = given::run(&store).await;
        log(&store, &whole, &points).await;
        for size in [1, 7] {
            let split = given::run(&store).await;
            for part in points.chunks(size) {
                log(&store, &split, part).await;
            }
            let latest = [latest(&store, &whole).await, latest(&store, &split).await];
            let [whole, split] = latest.map(|point| texts(point.as_slice()));
            assert_eq!(whole, split, "{points:?} by {size}");
        }
    }
}
on_every_database!(any_split_of_a_batch_gives_the_same_latest_value);
