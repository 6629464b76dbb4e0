-- Texts that were left out are told from empty ones.

ALTER TABLE model_version ALTER COLUMN run_uuid DROP NOT NULL;
ALTER TABLE model_version ALTER COLUMN run_link DROP NOT NULL;
ALTER TABLE logged_model ALTER COLUMN model_type DROP NOT NULL;
ALTER TABLE logged_model ALTER COLUMN source_run_id DROP NOT NULL;
