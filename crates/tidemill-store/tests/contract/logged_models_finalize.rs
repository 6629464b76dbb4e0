//! Statuses of logged models.

use tidemill_core::logged_models::LoggedModelStatus;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::logged_models_create::given_logged_model;

async fn any_status_may_follow_any_other(store: Store) {
    let model = given_logged_model(&store).await;
    for status in [
        LoggedModelStatus::Ready,
        LoggedModelStatus::UploadFailed,
        LoggedModelStatus::Pending,
        LoggedModelStatus::Unspecified,
    ] {
        let finalized = store.finalize_logged_model(model.id.clone(), status).await;
        let read = store.get_logged_model(model.id.clone()).await.unwrap();
        assert_eq!(finalized.unwrap(), read);
        assert_eq!(read.status, status);
        assert!(read.last_updated_time >= model.last_updated_time);
    }
}

async fn a_deleted_model_can_still_be_finalized(store: Store) {
    let model = given_logged_model(&store).await;
    store.delete_logged_model(model.id.clone()).await.unwrap();
    let finalized = store
        .finalize_logged_model(model.id, LoggedModelStatus::Ready)
        .await
        .unwrap();
    assert_eq!(finalized.status, LoggedModelStatus::Ready);
}

on_every_database!(
    any_status_may_follow_any_other,
    a_deleted_model_can_still_be_finalized,
);
