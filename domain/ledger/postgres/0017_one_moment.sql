-- Everything that a decision reads is of one moment. A function that may write sees in each of its statements what was
-- committed before that statement: a claim that came in between was counted, and the package that holds it was not read.

ALTER FUNCTION load(text, text[], integer[], text[], text[], text[], boolean, text[], text[], text[]) STABLE;
