-- Whether p_sponsor stands below p_customer (or is it): walks from the sponsor up to its root.
create or replace function sponsor_is_below(p_tenant integer, p_sponsor integer, p_customer integer)
returns boolean language sql stable as $$
    with recursive upline (customer_id) as (
        select p_sponsor
        union
        select t.upline_id
          from upline u
          join sponsor_tree t on t.tenant_id = p_tenant and t.customer_id = u.customer_id
         where t.upline_id is not null
    )
    select exists (select from upline where upline.customer_id = p_customer)
$$;
