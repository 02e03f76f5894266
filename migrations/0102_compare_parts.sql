-- Two worlds are compared part by part on an embedded database: compare_rows has the bounds of a part now.
drop function if exists compare_rows(text, integer, integer, bigint);
