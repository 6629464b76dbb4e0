//! A server that runs, the data in it, and single requests to it.

use std::io::Read;
use std::net::SocketAddr;

use serde_json::Value;

use crate::data::Data;
use crate::draft::Draft;
use crate::failure::Result;
use crate::http::{Answer, Connection};
use crate::load;
use crate::memory::Watch;
use crate::server::{Product, Server};

pub(crate) struct Site {
    pub(crate) product: Product,
    pub(crate) address: SocketAddr,
    pub(crate) data: Data,
    pub(crate) watch: Watch,
    /// Clients of a closed loop.
    pub(crate) clients: usize,
    pub(crate) server: Server,
}

impl Site {
    pub(crate) fn new(server: Server, clients: usize) -> Self {
        Self {
            product: server.product,
            address: server.address,
            data: Data::default(),
            watch: Watch::start(server.leader()),
            clients,
            server,
        }
    }

    pub(crate) fn draft(&self) -> Draft {
        Draft::new(self.address)
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Ok(Connection::open(self.address).await?)
    }

    /// One GET, its answer decoded.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let mut draft = self.draft();
        draft.get(path);
        Ok(self.exchange(&draft).await?.0)
    }

    /// One POST, its answer decoded.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        Ok(self.post_measured(path, body).await?.0)
    }

    /// One POST: its answer decoded, and the bytes it took.
    pub(crate) async fn post_measured(&self, path: &str, body: &Value) -> Result<(Value, usize)> {
        let mut draft = self.draft();
        draft.post(path, |wire| {
            // Writing a value to a vector cannot fail.
            let _ = serde_json::to_writer(wire, body);
        });
        self.exchange(&draft).await
    }

    pub(crate) async fn get_measured(&self, path: &str) -> Result<(Value, usize)> {
        let mut draft = self.draft();
        draft.get(path);
        self.exchange(&draft).await
    }

    /// One upload of a small file.
    pub(crate) async fn put(&self, path: &str, body: &[u8]) -> Result<()> {
        let mut draft = self.draft();
        draft.put(path, body);
        let mut connection = self.connect().await?;
        let answer = connection.exchange(draft.wire()).await?;
        good(&answer).map_err(|why| format!("PUT {path} on {}: {why}", self.product).into())
    }

    async fn exchange(&self, draft: &Draft) -> Result<(Value, usize)> {
        let exchange = async {
            let mut connection = self.connect().await?;
            let answer = connection.exchange(draft.wire()).await?;
            good(&answer)?;
            Ok((decode(&answer)?, answer.body.len()))
        };
        let outcome: Result<_> = tokio::time::timeout(load::TIMEOUT, exchange).await?;
        outcome.map_err(|why| {
            let request = String::from_utf8_lossy(draft.wire());
            let line = request.lines().next().unwrap_or_default();
            format!("{line} on {}: {why}", self.product).into()
        })
    }
}

fn good(answer: &Answer<'_>) -> Result<()> {
    if answer.status == 200 {
        return Ok(());
    }
    let body = String::from_utf8_lossy(answer.body);
    let start: String = body.chars().take(500).collect();
    Err(format!("status {}: {start}", answer.status).into())
}

fn decode(answer: &Answer<'_>) -> Result<Value> {
    if !answer.gzip {
        return Ok(serde_json::from_slice(answer.body)?);
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(answer.body).read_to_end(&mut plain)?;
    Ok(serde_json::from_slice(&plain)?)
}
