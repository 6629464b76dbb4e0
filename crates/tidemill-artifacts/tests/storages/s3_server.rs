//! An S3 server in this process, on a folder that goes when the process does.

use std::sync::OnceLock;

use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::google_links;

pub(crate) const KEY_ID: &str = "tidemill";
pub(crate) const SECRET: &str = "tidemill-secret";

/// Where the one that most tests share listens.
pub(crate) fn url() -> &'static str {
    static SHARED: OnceLock<S3Server> = OnceLock::new();
    &SHARED.get_or_init(S3Server::start).url
}

/// Where one listens that stands in for Google's: its XML API, which `object_store` uses, is
/// S3's in all but how requests are signed.
pub(crate) fn google_url() -> &'static str {
    static GOOGLE: OnceLock<S3Server> = OnceLock::new();
    &GOOGLE.get_or_init(|| S3Server::start_with(None)).url
}

/// A server with an empty bucket, `tidemill`.
pub(crate) struct S3Server {
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl S3Server {
    pub(crate) fn start() -> Self {
        Self::start_with(Some(SimpleAuth::from_single(KEY_ID, SECRET)))
    }

    fn start_with(auth: Option<SimpleAuth>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tidemill")).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let files = s3s_fs::FileSystem::new(folder.path()).unwrap();
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(serve(listener, files, auth));
        });

        Self { url, folder }
    }

    /// Unfinished multipart uploads and their parts, which it keeps beside the buckets.
    pub(crate) fn unfinished(&self) -> usize {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).count()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    files: s3s_fs::FileSystem,
    auth: Option<SimpleAuth>,
) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let is_google = auth.is_none();
    let mut service = S3ServiceBuilder::new(files);
    if let Some(auth) = auth {
        service.set_auth(auth);
    }
    let service = service.build();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let service = service.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let service = service.clone();
            async move {
                let request = match is_google {
                    true => google_links::admitted(request),
                    false => Some(request),
                };
                match request {
                    Some(request) => Service::call(&service, request).await,
                    None => Ok(refusal()),
                }
            }
        });
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

fn refusal() -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}
