-- Texts that were left out are told from empty ones.

ALTER TABLE model_version
    MODIFY run_uuid VARCHAR(64) COLLATE ${COLLATION},
    MODIFY run_link TEXT COLLATE ${COLLATION};
ALTER TABLE logged_model
    MODIFY model_type VARCHAR(500) COLLATE ${COLLATION},
    MODIFY source_run_id VARCHAR(64) COLLATE ${COLLATION};
