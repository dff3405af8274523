-- What the key of an integration may do, separated by spaces. A key that was issued before has no scope.

ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
