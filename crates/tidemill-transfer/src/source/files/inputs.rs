//! What runs read and made: datasets, which lie in the experiment's folder, and logged models.

use tidemill_core::datasets::{Dataset, DatasetInput, first_per_dataset};
use tidemill_core::runs::ModelOutput;
use tidemill_core::tags::Tag;
use tidemill_core::transfer::Fault;

use super::root::{Kind, Readable, Root, join};
use super::yaml::Fields;

/// What a run read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// Datasets.
    pub(super) datasets: Vec<DatasetInput>,
    /// Ids of logged models.
    pub(super) models: Vec<String>,
}

/// What the run in the folder `run` read.
pub(super) fn read(
    root: &Root,
    experiment: &str,
    run: &str,
    what: &str,
    faults: &mut Vec<Fault>,
) -> Inputs {
    let mut inputs = Inputs::default();
    each_in(
        root,
        &join(run, "inputs"),
        "input",
        what,
        faults,
        |fields| {
            let source = fields.required("source_id")?;
            match fields.text("source_type")? {
                Some("MODEL") => inputs.models.push(source.to_owned()),
                Some("DATASET") => inputs
                    .datasets
                    .push(input(root, experiment, source, fields)?),
                _ => return Err(String::from("it is neither a dataset nor a model")),
            }
            Ok(())
        },
    );
    inputs.datasets = first_per_dataset(inputs.datasets);
    inputs.models.sort();
    inputs.models.dedup();
    inputs
}

/// The logged models that the run in the folder `run` made. MLflow writes the model's id as
/// source and as destination, and reads the destination.
pub(super) fn outputs(
    root: &Root,
    run: &str,
    what: &str,
    faults: &mut Vec<Fault>,
) -> Vec<ModelOutput> {
    let mut outputs = Vec::new();
    each_in(
        root,
        &join(run, "outputs"),
        "output",
        what,
        faults,
        |fields| {
            outputs.push(ModelOutput {
                model_id: fields.required("destination_id")?.to_owned(),
                step: fields.number("step")?.unwrap_or(0),
            });
            Ok(())
        },
    );
    outputs.sort_by(|a: &ModelOutput, b| a.model_id.cmp(&b.model_id));
    outputs.dedup_by(|a, b| a.model_id == b.model_id);
    outputs
}

/// Reads the file of each folder in `folder`.
fn each_in(
    root: &Root,
    folder: &str,
    one: &str,
    what: &str,
    faults: &mut Vec<Fault>,
    mut take: impl FnMut(&Fields) -> Readable<()>,
) {
    let entries = match root.list_if_there(folder) {
        Ok(entries) => entries,
        Err(why) => {
            let why = format!("its {one}s cannot be read: {why}");
            return faults.push(Fault::new(what, why));
        }
    };
    for entry in entries {
        let taken = match entry.kind {
            Kind::Folder => {
                Fields::of_folder(root, &join(folder, &entry.name)).and_then(|fields| take(&fields))
            }
            Kind::File => Ok(()),
            Kind::Odd(why) => Err(why.to_owned()),
        };
        if let Err(why) = taken {
            let why = format!("its {one} '{}' is left out: {why}", entry.name);
            faults.push(Fault::new(what, why));
        }
    }
}

fn input(root: &Root, experiment: &str, id: &str, fields: &Fields) -> Readable<DatasetInput> {
    let dataset = dataset(root, experiment, id)?;
    let tags = fields.texts("tags")?;
    let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value));
    DatasetInput::new(dataset, tags.collect()).map_err(|error| error.to_string())
}

/// The id comes out of a file, so it must be the name of a folder and no path.
fn dataset(root: &Root, experiment: &str, id: &str) -> Readable<Dataset> {
    let datasets = join(experiment, "datasets");
    let folder = join(&datasets, id);
    let is_name = !id.is_empty() && !id.contains('/') && !id.starts_with('.');
    if !is_name || !root.has_folder(&datasets) || !root.has_folder(&folder) {
        return Err(format!("there is no dataset '{id}'"));
    }
    let fields = Fields::of_folder(root, &folder)
        .map_err(|why| format!("the dataset '{id}' is broken: {why}"))?;
    Dataset::new(
        fields.required("name")?.to_owned(),
        fields.required("digest")?.to_owned(),
        fields.required("source_type")?.to_owned(),
        fields.required("source")?.to_owned(),
        fields.filled("schema")?,
        fields.filled("profile")?,
    )
    .map_err(|error| format!("the dataset '{id}' is broken: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::given::{Given, lines};
    use super::*;

    fn input_file(given: &Given, name: &str, kind: &str, id: &str) {
        given.file(
            &format!("1/r1/inputs/{name}/meta.yaml"),
            &format!("source_type: {kind}\nsource_id: {id}\ntags:\n  k: v\n"),
        );
    }

    fn read_all(given: &Given) -> (Inputs, Vec<String>) {
        let mut faults = Vec::new();
        let inputs = read(&given.root(), "1", "1/r1", "run r1", &mut faults);
        (inputs, lines(&faults))
    }

    #[test]
    fn a_run_has_datasets_and_models() {
        let given = Given::new();
        given.file(
            "1/datasets/d1/meta.yaml",
            "name: n\ndigest: 1234e567\nsource_type: local\nsource: '{}'\nprofile: null\nschema: s\n",
        );
        input_file(&given, "i1", "DATASET", "d1");
        input_file(&given, "i2", "MODEL", "m-1");
        let text = String::from;
        let schema = Some(text("s"));
        let dataset = Dataset::new(
            text("n"),
            text("1234e567"),
            text("local"),
            text("{}"),
            schema,
            None,
        );
        let expected = Inputs {
            datasets: vec![DatasetInput::new(dataset.unwrap(), vec![Tag::new("k", "v")]).unwrap()],
            models: vec![text("m-1")],
        };
        assert_eq!(read_all(&given), (expected, vec![]));
    }

    #[test]
    fn an_input_without_its_dataset_is_a_fault() {
        let given = Given::new();
        input_file(&given, "i1", "DATASET", "d1");
        input_file(&given, "i2", "DATASET", "../r1/inputs/i1");
        input_file(&given, "i3", "TABLE", "d1");
        let (inputs, faults) = read_all(&given);
        assert_eq!(inputs, Inputs::default());
        assert_eq!(
            faults,
            [
                "run r1: its input 'i1' is left out: there is no dataset 'd1'",
                "run r1: its input 'i2' is left out: there is no dataset '../r1/inputs/i1'",
                "run r1: its input 'i3' is left out: it is neither a dataset nor a model",
            ]
        );
    }

    #[test]
    fn outputs_have_a_step() {
        let given = Given::new();
        given.file(
            "1/r1/outputs/m-1/meta.yaml",
            "destination_id: m-1\ndestination_type: MODEL_OUTPUT\nstep: 7\n",
        );
        let mut faults = Vec::new();
        let outputs = outputs(&given.root(), "1/r1", "run r1", &mut faults);
        let expected = ModelOutput {
            model_id: String::from("m-1"),
            step: 7,
        };
        assert_eq!(outputs, [expected]);
    }
}
