-- Texts that were left out are told from empty ones. SQLite changes no column: a new one takes
-- the place of the old one.

ALTER TABLE model_version ADD COLUMN new_run_uuid TEXT;
ALTER TABLE model_version ADD COLUMN new_run_link TEXT;
UPDATE model_version SET new_run_uuid = run_uuid, new_run_link = run_link;
DROP INDEX model_version_by_run;
ALTER TABLE model_version DROP COLUMN run_uuid;
ALTER TABLE model_version DROP COLUMN run_link;
ALTER TABLE model_version RENAME COLUMN new_run_uuid TO run_uuid;
ALTER TABLE model_version RENAME COLUMN new_run_link TO run_link;
CREATE INDEX model_version_by_run ON model_version (run_uuid);

ALTER TABLE logged_model ADD COLUMN new_model_type TEXT;
ALTER TABLE logged_model ADD COLUMN new_source_run_id TEXT;
UPDATE logged_model SET new_model_type = model_type, new_source_run_id = source_run_id;
ALTER TABLE logged_model DROP COLUMN model_type;
ALTER TABLE logged_model DROP COLUMN source_run_id;
ALTER TABLE logged_model RENAME COLUMN new_model_type TO model_type;
ALTER TABLE logged_model RENAME COLUMN new_source_run_id TO source_run_id;
