//! The same messages as MLflow's own Python package encodes them, as JSON and as bytes. The JSON
//! in `golden.json` is what `message_to_json` prints, without its white space.

use serde::Deserialize;
use tidemill_proto::codec::JsonMessage;
use tidemill_proto::mlflow::*;
use tidemill_proto::{from_json, to_json};

#[derive(Deserialize)]
struct Golden {
    message: String,
    json: String,
    protobuf: String,
}

impl Golden {
    fn bytes(&self) -> Vec<u8> {
        (0..self.protobuf.len() / 2)
            .map(|i| u8::from_str_radix(&self.protobuf[2 * i..2 * i + 2], 16).expect("hex digits"))
            .collect()
    }

    fn check<M: JsonMessage + prost::Message>(&self) {
        let message = M::decode(self.bytes().as_slice()).expect("MLflow's bytes decode");
        let json = String::from_utf8(to_json(&message)).expect("JSON is ASCII");
        assert_eq!(json, self.json, "{}", self.message);
        let read: M = from_json(self.json.as_bytes()).expect("MLflow's JSON decodes");
        assert_eq!(read.encode_to_vec(), self.bytes(), "{}", self.message);
    }
}

#[test]
fn messages_look_as_in_mlflow() {
    let goldens: Vec<Golden> = serde_json::from_str(include_str!("golden.json")).unwrap();
    for golden in &goldens {
        match golden.message.as_str() {
            "mlflow.LogBatch" => golden.check::<LogBatch>(),
            "mlflow.GetRun.Response" => golden.check::<get_run::Response>(),
            "mlflow.SearchRuns" => golden.check::<SearchRuns>(),
            "mlflow.SearchRuns.Response" => golden.check::<search_runs::Response>(),
            "mlflow.FinalizeLoggedModel" => golden.check::<FinalizeLoggedModel>(),
            "mlflow.SearchLoggedModels" => golden.check::<SearchLoggedModels>(),
            "mlflow.GetModelVersion.Response" => golden.check::<get_model_version::Response>(),
            "mlflow.TransitionModelVersionStage" => golden.check::<TransitionModelVersionStage>(),
            "mlflow.artifacts.CreateMultipartUpload.Response" => {
                golden.check::<artifacts::create_multipart_upload::Response>()
            }
            other => panic!("no case for {other}"),
        }
    }
}
