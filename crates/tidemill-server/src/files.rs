//! Files of artifacts, for commands, which wait for each.

use std::io::Read;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use clap::Args;
use futures::stream::Fuse;
use futures::{StreamExt, stream};
use ring::digest::{Context, SHA256};
use tidemill_artifacts::{Body, GetOptions, Got, Repository};
use tidemill_core::Error;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_transfer::{ArtifactFiles, FolderFiles, ListedFile, TakeFile};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::stores::{behind_the_proxy, local_destination};

/// How much is read at once.
const PIECE: usize = 1 << 20;

type Outcome<T> = Result<T, tidemill_transfer::Error>;

#[derive(Debug, Args)]
pub(crate) struct Destination {
    /// Storage behind the artifact proxy: a folder, s3://…, gs://…, wasbs://… or abfss://…
    /// [default: tidemill-data/artifacts]
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "URI")]
    artifacts_destination: Option<String>,
}

impl Destination {
    /// To read what is there: a folder that is missing is an error, and is not made.
    pub(crate) fn open_to_read(&self) -> Result<Storage, String> {
        if let Some(folder) = local_destination(self.artifacts_destination.as_deref())?
            && !folder.is_dir()
        {
            return Err(format!(
                "There is no folder {}: say where artifacts are with --artifacts-destination.",
                folder.display()
            ));
        }
        self.open()
    }

    pub(crate) fn open(&self) -> Result<Storage, String> {
        let runtime = runtime()?;
        let repositories = behind_the_proxy(self.artifacts_destination.as_deref())?;
        let repository = runtime.block_on(async {
            repositories.prepare().await?;
            repositories.proxied().await
        });
        Ok(Storage {
            repository: repository.map_err(|error| error.to_string())?,
            runtime,
        })
    }
}

/// What waits for a storage.
pub(crate) fn runtime() -> Result<Arc<Runtime>, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map(Arc::new).map_err(|error| error.to_string())
}

/// A place with files.
pub(crate) struct Storage {
    pub(crate) repository: Repository,
    pub(crate) runtime: Arc<Runtime>,
}

impl Storage {
    /// The folder at `path` in this one.
    pub(crate) fn below(&self, path: &ArtifactPath) -> Self {
        Self {
            repository: self.repository.below(path),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// Stores a file, reads it again and compares. One that is there already must be the same.
    pub(crate) fn put(&self, path: &str, bytes: &mut dyn Read) -> Outcome<()> {
        let Some(mut there) = self.read(&parsed(path)?)? else {
            return self.replace(path, bytes).map(drop);
        };
        match is_same(&mut there, bytes).map_err(|error| failed(path, &error))? {
            true => Ok(()),
            false => Err(failed(path, &"another file is there already")),
        }
    }

    /// Stores a file, whatever is there, and reads it again. Gives back its SHA-256.
    pub(crate) fn replace(&self, path: &str, bytes: &mut dyn Read) -> Outcome<Vec<u8>> {
        let name = parsed(path)?;
        let given = self
            .store(&name, bytes)
            .map_err(|error| failed(path, &error))?;
        match self.digest(&name)?.as_ref() == Some(&given) {
            true => Ok(given),
            false => Err(failed(path, &"what was stored is not what was given")),
        }
    }

    /// Stores a file, and gives back the SHA-256 of what was given. Somebody else stores while we
    /// read, because a file may come out of a storage that has to be waited for, too.
    fn store(&self, path: &ArtifactPath, bytes: &mut dyn Read) -> Result<Vec<u8>, Error> {
        let (sender, receiver) = mpsc::channel(2);
        let pieces = stream::unfold(receiver, |mut receiver| async {
            let piece = receiver.recv().await?;
            Some((piece, receiver))
        });
        std::thread::scope(|scope| {
            let storing = scope.spawn(|| {
                let stored = self.repository.put(path, None, pieces);
                self.runtime.block_on(stored)
            });
            let given = send(bytes, &sender);
            drop(sender);
            let stored = storing.join();
            stored.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(given)
        })
    }

    /// The SHA-256 of a file that is there.
    fn digest(&self, path: &ArtifactPath) -> Outcome<Option<Vec<u8>>> {
        let Some(mut reader) = self.read(path)? else {
            return Ok(None);
        };
        let digest = digest(&mut reader).map_err(|error| failed(path.as_str(), &error))?;
        Ok(Some(digest))
    }

    /// A file; `None` when there is none.
    pub(crate) fn read(&self, path: &ArtifactPath) -> Outcome<Option<Reader<'_>>> {
        let got = self.repository.get(path, GetOptions::default());
        match self.runtime.block_on(got) {
            Ok(Got::Content(content)) => Ok(Some(Reader {
                runtime: &self.runtime,
                body: content.body.fuse(),
                piece: Bytes::new(),
            })),
            Ok(_) | Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands over the files of a folder, and says what folders are in it.
    fn folder(&self, folder: &ArtifactPath, take: &mut TakeFile<'_>) -> Outcome<Vec<ArtifactPath>> {
        let (mut folders, mut after) = (Vec::new(), None::<String>);
        loop {
            let listing = self.repository.list(folder, after.as_deref());
            let listing = self.runtime.block_on(listing)?;
            for entry in listing.files {
                let path = parsed(&entry.path)?;
                match entry.is_dir {
                    true => folders.push(path),
                    // It may have been deleted since it was listed.
                    false => {
                        if let Some(mut bytes) = self.read(&path)? {
                            take(&entry.path, &mut bytes)?;
                        }
                    }
                }
            }
            after = listing.next;
            if after.is_none() {
                return Ok(folders);
            }
        }
    }
}

/// Every file in a storage and below, with its size and time.
pub(crate) async fn all_files(repository: &Repository) -> Result<FolderFiles, Error> {
    let (mut found, mut folders) = (FolderFiles::default(), vec![ArtifactPath::root()]);
    while let Some(folder) = folders.pop() {
        let mut after = None::<String>;
        loop {
            let listing = repository.list(&folder, after.as_deref()).await?;
            for entry in listing.files {
                match ArtifactPath::parse(&entry.path) {
                    Err(_) => found.refused.push(entry.path),
                    Ok(folder) if entry.is_dir => folders.push(folder),
                    Ok(_) => found.files.push(ListedFile {
                        path: entry.path,
                        size: entry.file_size.unwrap_or(0),
                        changed: entry.changed,
                    }),
                }
            }
            after = listing.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

impl ArtifactFiles for Storage {
    fn each(&mut self, take: &mut TakeFile<'_>) -> Outcome<()> {
        let mut folders = vec![ArtifactPath::root()];
        while let Some(folder) = folders.pop() {
            folders.extend(self.folder(&folder, take)?);
        }
        Ok(())
    }
}

/// The bytes of a file, as they come.
pub(crate) struct Reader<'s> {
    runtime: &'s Runtime,
    /// Readers ask on after the end.
    body: Fuse<Body>,
    piece: Bytes,
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.body.next()) {
                None => return Ok(0),
                Some(piece) => self.piece = piece.map_err(std::io::Error::other)?,
            }
        }
        let count = into.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}

/// Sends what is read, and gives back its SHA-256. What goes wrong is sent, too.
fn send(bytes: &mut dyn Read, to: &mpsc::Sender<Result<Bytes, Error>>) -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    loop {
        let mut piece = Vec::new();
        let read = bytes.take(PIECE as u64).read_to_end(&mut piece);
        digest.update(&piece);
        let piece = match read {
            Ok(0) => break,
            Ok(_) => Ok(Bytes::from(piece)),
            Err(error) => Err(Error::unavailable(error.to_string())),
        };
        let is_last = piece.is_err();
        // Nobody takes it any more when storing has failed, which is found out there.
        if to.blocking_send(piece).is_err() || is_last {
            break;
        }
    }
    digest.finish().as_ref().to_vec()
}

/// The SHA-256 of what is to be read.
pub(crate) fn digest(bytes: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let (mut digest, mut piece) = (Context::new(&SHA256), Vec::new());
    loop {
        piece.clear();
        match bytes.take(PIECE as u64).read_to_end(&mut piece)? {
            0 => return Ok(digest.finish().as_ref().to_vec()),
            _ => digest.update(&piece),
        }
    }
}

fn is_same(one: &mut dyn Read, other: &mut dyn Read) -> std::io::Result<bool> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.take(PIECE as u64).read_to_end(&mut left)?;
        other.take(PIECE as u64).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

pub(crate) fn parsed(path: &str) -> Outcome<ArtifactPath> {
    ArtifactPath::parse(path).map_err(|error| failed(path, &error))
}

fn failed(path: &str, error: &dyn std::fmt::Display) -> tidemill_transfer::Error {
    tidemill_transfer::Error::Bundle(format!("The artifact {path:?}: {error}"))
}
