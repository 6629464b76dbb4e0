//! Compiles `proto/` without an installed `protoc`, and writes the JSON code beside prost's structs.

#[path = "build/codec.rs"]
mod codec;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

const FILES: [&str; 3] = [
    "service.proto",
    "model_registry.proto",
    "mlflow_artifacts.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../../proto");
    println!("cargo:rerun-if-changed=build");
    let root = Path::new("../../proto");
    let set = protox::compile(FILES.map(|file| root.join(file)), [root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("codec.rs"), codec::generate(&set)?)?;
    prost_build::Config::new()
        .btree_map(["."])
        .include_file("messages.rs")
        .compile_fds(set)?;
    Ok(())
}
