-- The InactiveDate of a customer whose status becomes p_is: the moment at which it stopped being active (1), for as long as it is
-- not. A status that stays leaves it as it was.
create or replace function inactive_since(p_was integer, p_is integer, p_since timestamptz, p_now timestamptz)
returns timestamptz language sql immutable as $$
    select case when p_is = p_was then p_since
                when p_is = 1 then null
                when p_was = 1 then p_now
                else coalesce(p_since, p_now) end
$$;
