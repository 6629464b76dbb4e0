//! Digests of runs that come in pieces.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::metrics::{Point, by_step, comparable};
use tidemill_core::runs::RunId;
use tidemill_core::transfer::digest::RunDigest;
use tidemill_core::transfer::{IN_ORDER, RunPiece};

/// A run that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadRun {
    pub(crate) id: RunId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) start_time: i64,
    pub(crate) artifact_uri: String,
    pub(crate) digest: u128,
}

/// Makes digests of runs from their pieces.
#[derive(Default)]
pub(crate) struct PieceDigests {
    done: Vec<ReadRun>,
    current: Option<(ReadRun, RunDigest)>,
    key: String,
    points: Vec<Point>,
}

impl PieceDigests {
    /// Takes a piece, and says how many points it had.
    pub(crate) fn add(&mut self, piece: RunPiece) -> usize {
        match piece {
            RunPiece::Run(carried) => {
                let info = &carried.run.info;
                let run = ReadRun {
                    id: info.id.clone(),
                    experiment_id: info.experiment_id,
                    start_time: info.start_time,
                    artifact_uri: info.artifact_uri.clone(),
                    digest: 0,
                };
                self.current = Some((run, RunDigest::new(&carried)));
                0
            }
            RunPiece::Points { key, points } => {
                if key != self.key {
                    self.end_metric();
                    self.key = key;
                }
                let count = points.len();
                match self.points.is_empty() {
                    true => self.points = points,
                    false => self.points.extend(points),
                }
                if self.points.len() >= IN_ORDER {
                    self.end_metric();
                }
                count
            }
            RunPiece::End { .. } => {
                self.end_run();
                0
            }
        }
    }

    /// The runs whose pieces have all come.
    pub(crate) fn finish(self) -> Vec<ReadRun> {
        self.done
    }

    fn end_metric(&mut self) {
        let points = &mut self.points;
        for point in points.iter_mut() {
            if !point.value.is_nan() {
                point.value = comparable(point.value);
            }
        }
        points.sort_unstable_by(by_step);
        points.dedup_by(|a, b| by_step(a, b).is_eq());
        if let Some((_, digest)) = &mut self.current {
            digest.add(&self.key, points);
        }
        points.clear();
    }

    fn end_run(&mut self) {
        self.end_metric();
        self.key.clear();
        if let Some((run, digest)) = self.current.take() {
            self.done.push(ReadRun {
                digest: digest.finish(),
                ..run
            });
        }
    }
}
