-- The InactiveDate of a customer whose status changes from p_was to p_is: the time at which it stopped being active (1), NULL
-- while it is active. An unchanged status keeps the date.
create or replace function inactive_since(p_was integer, p_is integer, p_since timestamptz, p_now timestamptz)
returns timestamptz language sql immutable as $$
    select case when p_is = p_was then p_since
                when p_is = 1 then null
                when p_was = 1 then p_now
                else coalesce(p_since, p_now) end
$$;
