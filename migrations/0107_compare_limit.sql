-- A parameter of compare_rows has another name, which "create or replace" does not change.
drop function if exists compare_rows(text, integer, integer, integer, integer, bigint);
