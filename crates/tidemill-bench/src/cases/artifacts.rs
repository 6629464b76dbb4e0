//! Files through the server: lists, downloads, one large upload.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Plan, alone, reads};
use crate::failure::Result;
use crate::fill::text;
use crate::load::Requests;
use crate::memory::{Footprint, Watch};
use crate::report::{Figure, Goal, Line};
use crate::site::Site;

const FILES: usize = 1000;
const DOWNLOADS: usize = 8;
const MEGABYTE: usize = 1 << 20;
const UPLOAD: usize = 256;

/// A folder of a thousand small files.
pub(super) async fn list(site: &Site) -> Result<Plan> {
    let run = &site.data.history[0];
    let root = proxied_root(site, run).await?;
    for n in 0..FILES {
        site.put(&format!("{root}/many/file_{n:04}.txt"), b"small")
            .await?;
    }
    let path = format!("/api/2.0/mlflow/artifacts/list?run_uuid={run}&run_id={run}&path=many");
    let (answer, bytes) = site.get_measured(&path).await?;
    let files = answer["files"].as_array().map_or(&[][..], Vec::as_slice);
    let evidence: Vec<Value> = files
        .iter()
        .map(|file| json!([file["path"], file["is_dir"], file["file_size"]]))
        .collect();
    Ok(reads::repeated_get(path, bytes).with_evidence(evidence.into()))
}

pub(super) async fn download(site: &Site) -> Result<Plan> {
    let root = proxied_root(site, &site.data.history[0]).await?;
    let bytes = noise(MEGABYTE);
    let paths: Vec<String> = (0..DOWNLOADS)
        .map(|n| format!("{root}/big/file_{n}.bin"))
        .collect();
    for path in &paths {
        site.put(path, &bytes).await?;
        let mut connection = site.connect().await?;
        let mut draft = site.draft();
        draft.get(path);
        let answer = connection.exchange(draft.wire()).await?;
        if answer.status != 200 || answer.body != bytes {
            return Err("a download is not what was uploaded".into());
        }
    }
    let requests = Requests::new(move |turn, draft| {
        draft.get(&paths[(turn.client + turn.number as usize) % paths.len()]);
    });
    Ok(Plan::of(requests.with_body_of_at_least(MEGABYTE)))
}

/// One large file, against a plain write of as much to the same disk in the same round.
pub(crate) async fn upload(sites: &[Site], folder: &Path, rounds: u32) -> Result<Vec<Line>> {
    let mut speed = Line::new("upload-256mb", "% of disk", Goal::AtLeast(90.0));
    let mut growth = Line::new("upload-256mb memory", "MiB more", Goal::None);
    let block = noise(MEGABYTE);
    let mut disk = 0.0;
    let mut through: Vec<f64> = vec![0.0; sites.len()];
    let mut more: Vec<f64> = vec![0.0; sites.len()];
    for _ in 0..rounds {
        disk += write_plainly(folder, &block)?;
        for (n, site) in sites.iter().enumerate() {
            alone(sites, site);
            let before = Footprint::of(site.server.leader());
            let watch = Watch::start(site.server.leader());
            through[n] += send(site, &block).await?;
            let grown = watch.peak_kib().0.saturating_sub(before.rss_kib);
            more[n] = more[n].max(grown as f64 / 1024.0);
        }
    }
    for (n, site) in sites.iter().enumerate() {
        speed.set(site.product, Figure::plain(100.0 * disk / through[n]));
        growth.set(site.product, Figure::plain(more[n]));
    }
    let megabytes = UPLOAD as f64 * f64::from(rounds);
    speed.add_note(format!("disk with fsync {:.0} MB/s", megabytes / disk));
    Ok(vec![speed, growth])
}

/// Seconds for a file of the same size, on disk when they are over.
fn write_plainly(folder: &Path, block: &[u8]) -> Result<f64> {
    let path = folder.join("plain.bin");
    let began = Instant::now();
    let mut file = std::fs::File::create(&path)?;
    for _ in 0..UPLOAD {
        file.write_all(block)?;
    }
    file.sync_all()?;
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(&path)?;
    Ok(seconds)
}

/// Seconds for an upload.
async fn send(site: &Site, block: &[u8]) -> Result<f64> {
    let run = &site.data.history[0];
    let root = proxied_root(site, run).await?;
    let mut connection = site.connect().await?;
    let mut draft = site.draft();
    draft.put_head(&format!("{root}/upload/large.bin"), UPLOAD * block.len());
    let began = Instant::now();
    connection.send(draft.wire()).await?;
    for _ in 0..UPLOAD {
        connection.send(block).await?;
    }
    let answer = connection.answer().await?;
    let seconds = began.elapsed().as_secs_f64();
    if answer.status != 200 {
        return Err(format!(
            "the upload to {} got status {}",
            site.product, answer.status
        )
        .into());
    }
    let listed = site
        .get(&format!(
            "/api/2.0/mlflow/artifacts/list?run_id={run}&path=upload"
        ))
        .await?;
    let size = listed.pointer("/files/0/file_size").and_then(Value::as_u64);
    if size != Some((UPLOAD * block.len()) as u64) {
        return Err(format!("the upload to {} is listed as {listed}", site.product).into());
    }
    Ok(seconds)
}

/// Where the artifacts of a run are in the artifact proxy.
async fn proxied_root(site: &Site, run: &str) -> Result<String> {
    let answer = site
        .get(&format!("/api/2.0/mlflow/runs/get?run_id={run}"))
        .await?;
    let uri = text(&answer, "/run/info/artifact_uri")?;
    let path = uri
        .strip_prefix("mlflow-artifacts:/")
        .ok_or_else(|| format!("the artifacts of a run are at {uri}"))?;
    Ok(format!("/api/2.0/mlflow-artifacts/artifacts/{path}"))
}

/// Bytes that cannot be compressed.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = Vec::with_capacity(bytes);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}
