//! One run of the benchmark: servers up, cases in turns, report.

use crate::cases::{self, CASES, CROWD, SPECIAL, STARTS};
use crate::data::Data;
use crate::database::Databases;
use crate::environment::Folders;
use crate::failure::Result;
use crate::fill;
use crate::options::{Backend, Options};
use crate::report::{Goal, Line, Report};
use crate::server::{Launch, Product};
use crate::site::Site;

/// Every name that `--only` takes.
pub(crate) fn names() -> Vec<&'static str> {
    let closed = CASES.iter().map(|case| case.name);
    closed.chain(SPECIAL).chain([CROWD]).chain(STARTS).collect()
}

/// Measures what the options ask for.
pub(crate) async fn run(options: &Options) -> Result<Report> {
    let backend = options.backend()?;
    check_names(options)?;
    let folders = Folders::find()?;
    let mlflow = folders.mlflow(options.mlflow.as_deref()).await?;
    let mut launches = Vec::new();
    if options.alone != Some(Product::Tidemill) {
        launches.push(Launch::new(Product::Mlflow, &mlflow.program));
    }
    if options.alone != Some(Product::Mlflow) {
        launches.push(tidemill(options, &folders).await?);
    }
    let databases = Databases::new(backend.clone(), mlflow, folders)?;
    let mut bench = Bench {
        options,
        backend,
        launches,
        databases,
        lines: Vec::new(),
    };
    if options.scale.is_empty() {
        bench.side_by_side().await?;
    } else if options.alone == Some(Product::Mlflow) {
        return Err("--scale is for Tidemill".into());
    } else {
        bench.scale().await?;
    }
    Ok(bench.report())
}

async fn tidemill(options: &Options, folders: &Folders) -> Result<Launch> {
    if let Some(command) = &options.tidemill_command {
        return Ok(Launch::template(Product::Tidemill, command));
    }
    let program = folders.tidemill(options.tidemill.as_deref()).await?;
    Ok(Launch::new(Product::Tidemill, &program))
}

fn check_names(options: &Options) -> Result<()> {
    let names = names();
    match options
        .only
        .iter()
        .find(|name| !names.contains(&name.as_str()))
    {
        Some(unknown) => Err(format!("no case {unknown}; there are {}", names.join(", ")).into()),
        None => Ok(()),
    }
}

struct Bench<'a> {
    options: &'a Options,
    backend: Backend,
    launches: Vec<Launch>,
    databases: Databases,
    lines: Vec<Line>,
}

impl Bench<'_> {
    async fn side_by_side(&mut self) -> Result<()> {
        let options = self.options;
        if options.wants("cold-start") {
            eprintln!("cold-start");
            let lines =
                cases::start::cold_start(&self.launches, &mut self.databases, options.quick)
                    .await?;
            self.finished(lines);
        }
        if !names()
            .iter()
            .any(|name| *name != "cold-start" && options.wants(name))
        {
            return Ok(());
        }
        let sites = self.start().await?;
        cases::start::warm_up(&sites).await?;
        self.closed_loops(&sites).await;
        self.special(&sites).await;
        self.peak("memory loaded", Goal::Below(100.0), &sites);
        if options.wants(CROWD) {
            self.crowd(&sites).await;
            self.peak("memory crowded", Goal::None, &sites);
        }
        Ok(())
    }

    /// The servers, with the same data in them.
    async fn start(&mut self) -> Result<Vec<Site>> {
        let shape = self.options.shape();
        let mut sites = Vec::new();
        for launch in &self.launches {
            let (place, data) = match launch.product {
                Product::Mlflow => self.databases.filled(&shape).await?,
                Product::Tidemill => (self.databases.fresh(launch.product).await?, Data::default()),
            };
            let mut site = Site::new(launch.start(&place).await?, self.options.clients);
            site.data = data;
            sites.push(site);
        }
        if self.options.wants("memory") {
            eprintln!("memory");
            self.finished(vec![cases::start::idle_memory(&sites).await]);
        }
        for site in &mut sites {
            if site.product == Product::Tidemill {
                eprintln!("filling Tidemill");
                site.data = fill::through_api(site, &shape).await?;
            }
        }
        Ok(sites)
    }

    async fn closed_loops(&mut self, sites: &[Site]) {
        let (time, rounds) = (self.options.time(), self.options.rounds());
        for case in CASES.iter().filter(|case| self.options.wants(case.name)) {
            eprintln!("{}", case.name);
            let line = case.measure(sites, &self.backend, time, rounds).await;
            self.finished(vec![line]);
        }
    }

    async fn special(&mut self, sites: &[Site]) {
        let options = self.options;
        for name in SPECIAL.into_iter().filter(|name| options.wants(name)) {
            eprintln!("{name}");
            let lines = match name {
                "upload-256mb" => {
                    cases::upload(sites, self.databases.folder(), options.rounds()).await
                }
                _ => cases::mixed(sites, options.time(), options.rounds()).await,
            };
            self.measured(name, lines);
        }
    }

    async fn crowd(&mut self, sites: &[Site]) {
        eprintln!("{CROWD}");
        let lines = cases::many_clients(sites, self.options.quick).await;
        self.measured(CROWD, lines);
    }

    /// The most memory that anything so far took.
    fn peak(&mut self, name: &str, goal: Goal, sites: &[Site]) {
        if self.options.wants("memory") {
            self.finished(vec![cases::start::peak_memory(name, goal, sites)]);
        }
    }

    fn measured(&mut self, name: &str, lines: Result<Vec<Line>>) {
        self.finished(lines.unwrap_or_else(|error| {
            let line = Line::new(name, "", Goal::None);
            vec![line.noted(format!("not measured: {error}"))]
        }));
    }

    async fn scale(&mut self) -> Result<()> {
        let place = self.databases.fresh(Product::Tidemill).await?;
        let launch = self.launches.last().ok_or("no server to measure")?;
        let server = launch.start(&place).await?;
        let mut site = Site::new(server, self.options.clients);
        let time = self.options.time();
        let lines = cases::scale::measure(&mut site, &self.options.scale, time).await?;
        self.finished(lines);
        self.peak("memory loaded", Goal::Below(100.0), &[site]);
        Ok(())
    }

    /// A long run that is cut off has at least said this much.
    fn finished(&mut self, lines: Vec<Line>) {
        for line in &lines {
            eprintln!("  {}", line.summary());
        }
        self.lines.extend(lines);
    }

    fn report(self) -> Report {
        Report {
            backend: self.backend.name(),
            clients: self.options.clients,
            seconds: self.options.time().as_secs_f64(),
            rounds: self.options.rounds(),
            runs: self.options.shape().runs,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            lines: self.lines,
        }
    }
}
