-- Customers are found without the characters that nobody sees, and by their e-mail: their search texts are written anew.
COMMENT ON COLUMN people_search.folded IS 'name_search.search_text: words with one space between them.';
