//! Clients that write at random and remember what the server promised them.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use serde_json::{Value, json};
use tidemill_testkit::TestServer;
use tidemill_testkit::http::{Answer, Connection, request};

use crate::writes::{MODEL, Write};

/// One server and the things that every client writes to.
#[derive(Clone)]
pub(crate) struct Site {
    experiment: String,
    shared_run: String,
}

impl Site {
    /// Makes the shared things.
    pub(crate) fn prepare(server: &TestServer) -> Self {
        let made = |path: &str, body: Value| {
            let answer = server.post(&format!("/api/2.0/mlflow/{path}"), &body);
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        };
        let experiment = made("experiments/create", json!({"name": "load"}));
        let experiment = text(&experiment["experiment_id"]);
        made("registered-models/create", json!({"name": MODEL}));
        Self {
            shared_run: new_run(server, &experiment),
            experiment,
        }
    }

    /// A client of one server, with a run of its own.
    pub(crate) fn client(&self, server: &TestServer, name: &str, seed: u64) -> Client {
        Client {
            address: server.address(),
            name: name.to_owned(),
            run: new_run(server, &self.experiment),
            site: self.clone(),
            random: StdRng::seed_from_u64(seed),
            connection: None,
            writes: 0,
        }
    }

    /// `count` clients of one server.
    pub(crate) fn clients(
        &self,
        server: &TestServer,
        name: &str,
        count: usize,
        random: &mut StdRng,
    ) -> Vec<Client> {
        (0..count)
            .map(|number| self.client(server, &format!("{name}{number}"), random.next_u64()))
            .collect()
    }
}

fn new_run(server: &TestServer, experiment: &str) -> String {
    let body = json!({"experiment_id": experiment});
    let made = server.post("/api/2.0/mlflow/runs/create", &body);
    assert_eq!(made.status, 200, "{}", made.text());
    text(&made.json()["run"]["info"]["run_id"])
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What became of a write, as its client knows it.
#[derive(Debug)]
pub(crate) enum Fate {
    Acknowledged(Answer),
    Refused(Answer),
    /// There was no answer; it may be there or not.
    Unknown,
    /// There was no answer, and it must not be there.
    NotBegun,
}

/// Everything that a client did.
pub(crate) struct Ledger {
    pub(crate) writes: Vec<(Write, Fate)>,
    /// Whether its connection was lost.
    pub(crate) cut_off: bool,
}

impl Ledger {
    /// The answers other than success.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = &Answer> {
        self.writes.iter().filter_map(|(_, fate)| match fate {
            Fate::Refused(answer) => Some(answer),
            _ => None,
        })
    }

    /// Of a server that answers everything it begins.
    pub(crate) fn without_doubt(mut self) -> Self {
        for (_, fate) in &mut self.writes {
            if matches!(fate, Fate::Unknown) {
                *fate = Fate::NotBegun;
            }
        }
        self
    }

    pub(crate) fn acknowledged(&self) -> usize {
        let acknowledged = |(_, fate): &&(Write, Fate)| matches!(fate, Fate::Acknowledged(_));
        self.writes.iter().filter(acknowledged).count()
    }
}

/// A client that writes one thing after the other.
pub(crate) struct Client {
    address: SocketAddr,
    name: String,
    run: String,
    site: Site,
    random: StdRng,
    connection: Option<Connection>,
    writes: u32,
}

impl Client {
    /// Writes until asked to stop, or until the server is no more.
    pub(crate) fn write_until(mut self, stop: &AtomicBool) -> Ledger {
        let mut writes = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let write = self.next_write();
            let fate = match self.send(&write) {
                Ok(answer) if answer.status == 200 => Fate::Acknowledged(answer),
                Ok(answer) => Fate::Refused(answer),
                Err(_) => {
                    writes.push((write, Fate::Unknown));
                    return Ledger {
                        writes,
                        cut_off: true,
                    };
                }
            };
            writes.push((write, fate));
        }
        Ledger {
            writes,
            cut_off: false,
        }
    }

    /// Sends one write over the connection that is there, or a new one.
    fn send(&mut self, write: &Write) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let (method, path, body) = write.request();
        let headers = [("Content-Type", "application/json")];
        connection.send(&request(method, &path, &headers, &body))?;
        let answer = connection.answer()?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    fn next_write(&mut self) -> Write {
        self.writes += 1;
        let number = self.writes;
        let name = format!("{}-{number}", self.name);
        let run = match self.random.random_bool(0.3) {
            true => self.site.shared_run.clone(),
            false => self.run.clone(),
        };
        match self.random.random_range(0..12) {
            0..3 => Write::Metric {
                run,
                // Clients meet at the same steps of the shared run.
                step: self.random.random_range(0..1000),
                value: f64::from(self.random.random::<u32>()),
            },
            3 => Write::Param { run, name },
            4 | 5 => Write::Tag { run, name },
            6 | 7 => Write::Batch {
                run,
                name,
                first_step: i64::from(number) * 100,
            },
            8 => Write::Run {
                experiment: self.site.experiment.clone(),
                name,
            },
            9 => Write::Experiment { name },
            10 => Write::Version { name },
            _ => Write::Artifact {
                name,
                seed: self.random.next_u64(),
                size: self.random.random_range(0..2_000_000),
            },
        }
    }
}
