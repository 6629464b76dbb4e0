//! Params of logged models.

use tidemill_core::Error;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::logged_models_create::{given_logged_model, param};

async fn params_are_added_and_read_by_key(store: Store) {
    let model = given_logged_model(&store).await;
    for params in [
        vec![param("b", "2"), param("c", "é")],
        vec![],
        vec![param("a", "1")],
    ] {
        store
            .log_logged_model_params(model.id.clone(), params)
            .await
            .unwrap();
    }
    let read = store.get_logged_model(model.id).await.unwrap();
    assert_eq!(
        read.params,
        [param("a", "1"), param("b", "2"), param("c", "é")]
    );
}

async fn a_param_is_set_once_even_to_the_same_value(store: Store) {
    let model = given_logged_model(&store).await;
    let log = |params| store.log_logged_model_params(model.id.clone(), params);
    log(vec![param("p", "1")]).await.unwrap();
    for again in [
        vec![param("p", "1")],
        vec![param("q", "1"), param("p", "2")],
        vec![param("r", "1"), param("r", "1")],
    ] {
        assert!(matches!(log(again).await, Err(Error::BadRequest(_))));
    }
    let read = store.get_logged_model(model.id.clone()).await.unwrap();
    assert_eq!(read.params, [param("p", "1")]);
}

on_every_database!(
    params_are_added_and_read_by_key,
    a_param_is_set_once_even_to_the_same_value,
);
