-- Whether p_sponsor is p_customer or below it in the sponsor tree: walks from the sponsor up to its root. enroller_is_below is
-- the same for the enrollment tree: one function would need the table's name in dynamic SQL, which is planned at each call.
create or replace function sponsor_is_below(p_tenant integer, p_sponsor integer, p_customer integer)
returns boolean language plpgsql stable as $$
begin
    return (with recursive upline (customer_id) as (
        select p_sponsor
        union
        select t.upline_id
          from upline u
          join sponsor_tree t on t.tenant_id = p_tenant and t.customer_id = u.customer_id
         where t.upline_id is not null
    )
    select exists (select from upline where upline.customer_id = p_customer));
end
$$;
