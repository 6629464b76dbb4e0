//! The commands that keep a whole store in one file, and bring it back: `backup` and `restore`.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use tidemill_store::{Archive, DatabaseUrl};
use tidemill_transfer::{
    ArtifactFiles, Bundle, BundleReport, Credentials, Import, OnConflict, PackReport, Source, open,
    pack, verify,
};

use crate::config;
use crate::files::{Destination, Storage};
use crate::transfer::{say, write_report};

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// File to write; it must not be there yet. - is the standard output.
    file: PathBuf,
    #[command(flatten)]
    contents: Contents,
}

/// What to keep.
#[derive(Debug, Args)]
pub(crate) struct Contents {
    /// Database to read. A server may go on using it. [default: tidemill-data/tidemill.db]
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    backend_store_uri: Option<String>,
    /// Also keep the files in the destination for artifacts.
    #[arg(long)]
    with_artifacts: bool,
    #[command(flatten)]
    destination: Destination,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Contents {
    /// The database to read.
    pub(crate) fn database(&self) -> Result<DatabaseUrl, String> {
        config::database("--backend-store-uri", self.backend_store_uri.as_deref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A file that `backup` has written.
    file: PathBuf,
    /// Database to write to; it must be empty or not there. [default: tidemill-data/tidemill.db]
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    into: Option<String>,
    #[command(flatten)]
    destination: Destination,
    /// Read all of the file and say whether it is whole; restore nothing.
    #[arg(long)]
    check: bool,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn backup(args: &BackupArgs) -> Result<(), String> {
    write(&args.file, &args.contents)
}

/// Writes a bundle beside `file`, reads all of it again, and only then gives it its name. What goes
/// to the standard output is not read again.
pub(crate) fn write(file: &Path, contents: &Contents) -> Result<(), String> {
    let mut source = ours(&contents.database()?)?;
    let mut artifacts = match contents.with_artifacts {
        true => Some(contents.destination.open_to_read()?),
        false => None,
    };
    if file == Path::new("-") {
        let (mut out, report) = stream(&mut *source, artifacts.as_mut(), std::io::stdout())?;
        out.flush().map_err(|error| error.to_string())?;
        eprint!("{report}");
        eprintln!("  not read again; `tidemill restore --check` does that");
        return write_report(contents.json.as_deref(), &report);
    }
    let part = part_of(file)?;
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!(
            "{} is there: a backup is being written to it, or was cut off. Remove it in that case.",
            part.display()
        ),
        _ => format!("{}: {error}", part.display()),
    };
    let out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(refused)?;
    let written = write_bundle(&mut *source, artifacts.as_mut(), out, &part);
    let report = match written {
        Ok(report) => report,
        Err(error) => {
            // Half a bundle is of no use to anybody.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
    };
    must_not_be_there(file)?;
    std::fs::rename(&part, file).map_err(refused)?;
    sync_folder(file)?;
    eprint!("{report}");
    eprintln!("  read again, and the same: {}", file.display());
    write_report(contents.json.as_deref(), &report)
}

fn write_bundle(
    source: &mut dyn Source,
    artifacts: Option<&mut Storage>,
    out: File,
    part: &Path,
) -> Result<PackReport, String> {
    let (out, report) = stream(source, artifacts, out)?;
    out.sync_all()
        .map_err(|error| format!("{}: {error}", part.display()))?;
    let found = checked(part)?;
    let is_same = report
        .counts
        .iter()
        .all(|count| found.counts.get(&*count.what) == Some(&count.count));
    match is_same && found.artifact_bytes == report.artifact_bytes {
        true => Ok(report),
        false => Err(format!(
            "{} does not hold what was written to it; it was removed.",
            part.display()
        )),
    }
}

fn stream<W: Write>(
    source: &mut dyn Source,
    artifacts: Option<&mut Storage>,
    out: W,
) -> Result<(W, PackReport), String> {
    let artifacts = artifacts.map(|files| files as &mut dyn ArtifactFiles);
    let (out, report) =
        pack(source, artifacts, BufWriter::new(out), say).map_err(|error| error.to_string())?;
    let out = out.into_inner().map_err(|error| error.to_string())?;
    Ok((out, report))
}

pub(crate) fn restore(args: &RestoreArgs) -> Result<(), String> {
    if args.check {
        let found = checked(&args.file)?;
        eprint!("{} is whole:\n{found}", args.file.display());
        return write_report(args.json.as_deref(), &found);
    }
    let into = config::database("--into", args.into.as_deref())?;
    let mut bundle = bundle(&args.file)?;
    // This reads all of it: nothing is written before it is known to be whole.
    let mut source =
        open(&args.file.to_string_lossy(), Credentials::None).map_err(|error| error.to_string())?;
    let is_repeated = check_empty(&into, &bundle)?;
    // First the artifacts: no run is ever there before its files.
    if bundle.has_artifacts() {
        let destination = args.destination.open()?;
        bundle
            .each(&mut |path, bytes| destination.put(path, bytes))
            .map_err(|error| error.to_string())?;
    }
    let import = Import {
        into,
        on_conflict: OnConflict::Fail,
        dry_run: false,
        experiments: Vec::new(),
        models: Vec::new(),
        since: None,
    };
    let mut report = import
        .run(&mut *source, say)
        .map_err(|error| error.to_string())?;
    if bundle.has_artifacts() {
        report.artifacts.clear();
    }
    if is_repeated {
        // What an earlier attempt has brought is compared, too.
        let mut source = open(&args.file.to_string_lossy(), Credentials::None)
            .map_err(|error| error.to_string())?;
        let into = &import.into;
        let verified = verify(&mut *source, into, say).map_err(|error| error.to_string())?;
        report.verified = Some(verified);
    }
    eprint!("{report}");
    write_report(args.json.as_deref(), &report)?;
    match report.is_good() {
        true => Ok(()),
        false => Err(String::from("not everything was restored")),
    }
}

/// A database of ours, as it is at this moment.
fn ours(url: &DatabaseUrl) -> Result<Box<dyn Source>, String> {
    let mut archive = Archive::open(url)
        .map_err(|error| error.in_words())?
        .ok_or_else(|| format!("{url:?} is no database of Tidemill's."))?;
    archive.begin_snapshot().map_err(|error| error.in_words())?;
    Ok(Box::new(tidemill_transfer::OwnDatabase::new(
        format!("{url:?}"),
        archive,
    )))
}

/// A database may hold what an earlier attempt to restore the same file has brought, and nothing
/// else. Whether there was one.
fn check_empty(into: &DatabaseUrl, bundle: &Bundle) -> Result<bool, String> {
    if let DatabaseUrl::Sqlite(path) = into
        && !path.exists()
    {
        return Ok(false);
    }
    let Some(mut archive) = Archive::open(into).map_err(|error| error.in_words())? else {
        return Ok(false);
    };
    let is_ours = archive.has_from(&bundle.name());
    if is_ours.map_err(|error| error.in_words())? {
        return Ok(true);
    }
    let counts = archive.counts().map_err(|error| error.in_words())?;
    let fresh = |(what, count): &(&str, u64)| *count <= u64::from(*what == "experiments");
    match counts.iter().all(fresh) {
        true => Ok(false),
        false => Err(format!(
            "{into:?} is not empty. Restore into a new database, or use `tidemill import` to add to one."
        )),
    }
}

fn bundle(file: &Path) -> Result<Bundle, String> {
    Bundle::open(file)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("{} is no bundle.", file.display()))
}

fn checked(file: &Path) -> Result<BundleReport, String> {
    bundle(file)?.check().map_err(|error| error.to_string())
}

/// What a file is called until it is whole.
fn part_of(file: &Path) -> Result<PathBuf, String> {
    must_not_be_there(file)?;
    let mut name = file
        .file_name()
        .ok_or_else(|| format!("{} is no name of a file.", file.display()))?
        .to_owned();
    name.push(".part");
    Ok(file.with_file_name(name))
}

fn must_not_be_there(file: &Path) -> Result<(), String> {
    match file.exists() {
        true => Err(format!("{} is there already.", file.display())),
        false => Ok(()),
    }
}

/// A new name lasts only when its folder is on disk, too.
fn sync_folder(file: &Path) -> Result<(), String> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| format!("{}: {error}", folder.display()))
}
