-- Writes name their columns in a jsonb or are statements of their own, so the composite types go. A start makes the functions anew.
drop function if exists create_customer(
    integer, integer, customer_values, timestamptz, integer[], integer[], bigint, integer, boolean, text, text, boolean);
drop function if exists replace_customer(
    integer, integer, customer_values, timestamptz, integer[], integer[], uuid, bigint, text, uuid, boolean);
drop function if exists merge_custom_fields(text[], text[], boolean[]);
drop type customer_values;
drop type customer_fields_sent;
