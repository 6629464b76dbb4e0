//! Params of logged models: each is set once.

use tidemill_core::Result;
use tidemill_core::logged_models::{check_params, param_exists};
use tidemill_core::params::Param;

use super::lock;
use crate::Store;
use crate::dialect;
use crate::error::unique;

impl Store {
    /// Adds params to a logged model. One that is there is `BadRequest`, whatever its value.
    pub async fn log_logged_model_params(&self, id: String, params: Vec<Param>) -> Result<()> {
        check_params(&params)?;
        self.write(move |db| {
            let model = lock(db, &id)?;
            let params: Vec<_> = params
                .iter()
                .map(|param| (param.key.as_str(), param.value.as_str()))
                .collect();
            dialect::add_logged_model_params(db, model, &params)
                .map_err(unique(|| param_exists(&id)))
        })
        .await
    }
}
