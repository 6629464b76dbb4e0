//! A server among things that it must not touch, and cases to try on it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use crate::support::launch;

/// What no answer may contain.
pub(super) const SECRET: &str = "what-the-victim-keeps";
/// Words by which the inside shows.
const TELLING: [&str; 10] = [
    SECRET,
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM",
    "sqlite",
    "diesel",
    "panicked",
    ".rs:",
    "Traceback",
];

/// One request and its safe answer. In the path and body, `{run}` and `{experiment}` stand for
/// ids, `{victim}` for the absolute path of a file that is not the server's, `{outside}` for
/// its folder, and `{listener}` for an address that must not be called.
pub(super) struct Case {
    id: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
}

/// A request without a body.
pub(super) fn case(id: &'static str, method: &'static str, path: &str) -> Case {
    Case {
        id,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        status: 400,
        code: "INVALID_PARAMETER_VALUE",
    }
}

/// A POST of JSON.
pub(super) fn post(id: &'static str, path: &str, body: Value) -> Case {
    case(id, "POST", path).json(&body)
}

impl Case {
    pub(super) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string().as_bytes())
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The safe answer; unless said, it is 400 INVALID_PARAMETER_VALUE.
    pub(super) fn answers(mut self, status: u16, code: &'static str) -> Self {
        (self.status, self.code) = (status, code);
        self
    }

    /// The route is not there.
    pub(super) fn has_no_route(self) -> Self {
        self.answers(404, "ENDPOINT_NOT_FOUND")
    }
}

/// A server, and a file beside its folder that is not its own.
pub(super) struct Site {
    pub(super) server: TestServer,
    prefix: &'static str,
    /// Below it are the server's folder and the outside.
    folder: TempDir,
    listener: TcpListener,
    experiment: String,
    run: String,
}

impl Site {
    fn new(prefix: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::create_dir_all(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/victim"), SECRET).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let server = launch(&own).args(&["--static-prefix", prefix]).start();
        let mut site = Self {
            server,
            prefix,
            folder,
            listener,
            experiment: String::new(),
            run: String::new(),
        };
        site.given_a_run();
        site
    }

    fn given_a_run(&mut self) {
        let call = |site: &Self, path: &str, body: &Value| {
            let path = format!("{}/api/2.0/mlflow/{path}", site.prefix);
            let answer = site.server.post(&path, body);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.json()
        };
        let made = call(self, "experiments/create", &json!({"name": "theirs"}));
        self.experiment = made["experiment_id"].as_str().unwrap().to_owned();
        let made = call(
            self,
            "runs/create",
            &json!({"experiment_id": self.experiment}),
        );
        self.run = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        call(self, "registered-models/create", &json!({"name": "m"}));
    }

    /// The folder of the run's artifacts on this machine.
    pub(super) fn run_folder(&self) -> PathBuf {
        let below = format!("{}/{}/artifacts", self.experiment, self.run);
        self.artifacts().join(below)
    }

    pub(super) fn artifacts(&self) -> PathBuf {
        self.folder.path().join("own/tidemill-data/artifacts")
    }

    pub(super) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    fn fill_in(&self, text: &str) -> String {
        let outside = self.outside();
        text.replace("{run}", &self.run)
            .replace("{experiment}", &self.experiment)
            .replace("{victim}", &outside.join("victim").to_string_lossy())
            .replace("{outside}", &outside.to_string_lossy())
            .replace(
                "{listener}",
                &self.listener.local_addr().unwrap().to_string(),
            )
    }

    /// Nothing outside has changed, and nobody has been called.
    pub(super) fn is_unharmed(&self, id: &str) {
        let mut outside = BTreeMap::new();
        files(&self.outside(), &mut outside);
        let victim = BTreeMap::from([(self.outside().join("victim"), SECRET.into())]);
        assert_eq!(outside, victim, "{id}: the outside has changed");
        let called = self.listener.accept().map(|(_, caller)| caller);
        let kind = called.expect_err("the server called somebody").kind();
        assert_eq!(kind, ErrorKind::WouldBlock, "{id}");
        let own = names(self.folder.path());
        assert_eq!(own, ["outside", "own"], "{id}: something was written");
    }
}

/// A site as seen below `/api` or `/ajax-api`.
pub(super) struct Surface<'a> {
    pub(super) site: &'a Site,
    base: &'static str,
}

impl Surface<'_> {
    /// A path as it is called here; those in cases begin with `/api` or have no such base.
    pub(super) fn path(&self, path: &str) -> String {
        let path = self.site.fill_in(path);
        match path.strip_prefix("/api/") {
            Some(rest) => format!("{}{}/{rest}", self.site.prefix, self.base),
            None => format!("{}{path}", self.site.prefix),
        }
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let path = self.path(path);
        self.site.server.send(method, &path, headers, body)
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        let body = self.site.fill_in(&body.to_string());
        let headers = [("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.as_bytes())
    }

    /// Sends the request of a case and holds the answer against it.
    pub(super) fn holds(&self, case: &Case) {
        let answer = self.answer(case);
        let id = format!("{} ({} {})", case.id, case.method, self.path(&case.path));
        let given = (answer.status, answer.error_code());
        let expected = (case.status, case.code.to_owned());
        assert_eq!(given, expected, "{id}: {}", answer.text());
        self.is_discreet(&id, &answer, &case.body);
        self.site.is_unharmed(&id);
    }

    pub(super) fn answer(&self, case: &Case) -> Answer {
        let headers: Vec<_> = (case.headers.iter())
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = match std::str::from_utf8(&case.body) {
            Ok(text) => self.site.fill_in(text).into_bytes(),
            Err(_) => case.body.clone(),
        };
        self.send(case.method, &case.path, &headers, &body)
    }

    /// The answer tells nothing about the inside. What the client has said itself is no news.
    pub(super) fn is_discreet(&self, id: &str, answer: &Answer, said: &[u8]) {
        let text = answer.text();
        for word in TELLING {
            assert!(!text.contains(word), "{id}: {word} in {text}");
        }
        let said = self.site.fill_in(&String::from_utf8_lossy(said));
        let folder = self.site.folder.path().to_string_lossy();
        if !said.contains(&*folder) {
            assert!(!text.contains(&*folder), "{id}: a path in {text}");
        }
    }
}

/// With and without a static prefix, below `/api` and `/ajax-api`.
pub(super) fn on_every_surface(test: impl Fn(&Surface)) {
    for prefix in ["", "/mlflow"] {
        let site = Site::new(prefix);
        for base in ["/api", "/ajax-api"] {
            test(&Surface { site: &site, base });
        }
        site.is_unharmed("at the end");
    }
}

/// Every case on every surface.
pub(super) fn all_hold(cases: &[Case]) {
    assert!(!cases.is_empty());
    on_every_surface(|surface| {
        for case in cases {
            surface.holds(case);
        }
    });
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => drop(found.insert(path.clone(), std::fs::read(&path).unwrap())),
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
