-- Forgetting origins and programs asks which programs an origin has. Whoever makes new
-- executables all the time decides how many there are.
CREATE INDEX programs_by_origin ON programs (origin);
