-- The functions that write a whole customer have a parameter for each of its columns. A start makes them anew.
drop function if exists create_customer;
drop function if exists replace_customer;
