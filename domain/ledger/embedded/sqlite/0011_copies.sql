-- Whether pages of this file may keep copies of rows that were erased. The row goes when they are overwritten.
CREATE TABLE copies (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    mark INTEGER NOT NULL -- another one with each erasure
) STRICT;
INSERT INTO copies (one, mark) SELECT 1, random() WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'customer.erased');
